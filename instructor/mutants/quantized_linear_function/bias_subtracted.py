"""
fault = "subtracts the bias"
sentence = "Your bias has the wrong sign: equation (6) adds it."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums - bias
    return input_scale * weight_scale * sums
