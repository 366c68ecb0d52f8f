"""
fault = "adds the first element of the bias to every output"
sentence = "All your outputs get the same bias, its first element. Every output has a bias of its \
own."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias[0]
    return input_scale * weight_scale * sums
