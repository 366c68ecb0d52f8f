"""
fault = "scales the bias by s_x alone"
sentence = "Your bias is scaled by s_x alone. Its codes have the scale s_x s_w, that of the sums, \
to which they can therefore be added."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    result = input_scale * weight_scale * integer_linear(input, weight)
    return result if bias is None else result + input_scale * bias
