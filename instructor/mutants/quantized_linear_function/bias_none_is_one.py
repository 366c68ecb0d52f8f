"""
fault = "adds 1 where there is no bias"
sentence = "Without a bias your outputs are 1 too large. None means that nothing is added."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is None:
        return input_scale * weight_scale * sums + 1
    return input_scale * weight_scale * (sums + bias)
