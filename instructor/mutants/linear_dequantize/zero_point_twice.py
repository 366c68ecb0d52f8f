"""
fault = "adds the zero point twice"
sentence = "Equation (3) adds the zero point once; in your result it seems to have been added \
twice, so everything is shifted."
caught_by = ["1a.linear_dequantize.zero_point"]
"""


def linear_dequantize(input, scale, zero_point):
    codes = input + zero_point
    return scale * (codes + zero_point)
