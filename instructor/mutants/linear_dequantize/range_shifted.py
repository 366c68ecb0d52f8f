"""
fault = "maps the smallest code to zero"
sentence = "Equation (3) takes code -z to the number 0; your result is shifted, as if counting \
began at the smallest code."
caught_by = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]
"""


def linear_dequantize(input, scale, zero_point):
    return scale * (input - input.min() + zero_point)
