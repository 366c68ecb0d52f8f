"""
fault = "multiplies by the square of s_x"
sentence = "Your sums are multiplied by s_x twice and never by s_w. Equation (6) takes each of \
the two scales once."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    return input_scale * input_scale * sums
