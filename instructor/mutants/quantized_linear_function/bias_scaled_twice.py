"""
fault = "scales the bias twice"
sentence = "Your bias is multiplied by s_x s_w twice, once before it is added and once with the \
sum. Once is enough."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).double()
    if bias is not None:
        sums = sums + input_scale * weight_scale * bias
    return input_scale * weight_scale * sums
