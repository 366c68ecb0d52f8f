"""
fault = "divides by the scale"
sentence = "The scale is the width of one step, so a code times the scale is a real number \
again; your code seems to divide, as equation (1) does on the way in."
caught_by = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]
"""


def linear_dequantize(input, scale, zero_point):
    return (input + zero_point) / scale
