"""
fault = "leaves the bias out"
sentence = "The bias is missing in your result. Equation (6) adds its codes to the sums of \
products."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    return input_scale * weight_scale * integer_linear(input, weight)
