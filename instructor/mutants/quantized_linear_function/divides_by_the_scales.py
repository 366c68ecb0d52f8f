"""
fault = "divides by the scales"
sentence = "Your sums are divided by the scales. Going from integers back to real numbers \
multiplies by them, as in equation (3)."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    return sums / (input_scale * weight_scale)
