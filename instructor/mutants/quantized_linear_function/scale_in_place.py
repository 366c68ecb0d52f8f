"""
fault = "multiplies the scale of the input in place"
sentence = "You change the scale of the input in place when you multiply it by that of the \
weight, so that the next call has another one. Leave the arguments as they are."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    scale = input_scale
    scale *= weight_scale
    return scale * sums
