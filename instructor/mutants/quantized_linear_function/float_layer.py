"""
fault = "recovers the real numbers and multiplies those"
sentence = "Your layer turns the codes back into real numbers and multiplies those. Equation (6) \
multiplies integers, with your integer_linear, and scales only the sums."
caught_by = ["2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    weight = weight_scale * weight.double()
    bias = None if bias is None else input_scale * weight_scale * bias.double()
    return F.linear(input_scale * input.double(), weight, bias)
