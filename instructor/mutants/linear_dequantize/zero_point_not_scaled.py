"""
fault = "adds the zero point after scaling"
sentence = "The zero point is a code, so equation (3) adds it to the codes and multiplies the \
sum by the scale; your code seems to add it to the real numbers."
caught_by = ["1a.linear_dequantize.zero_point"]
"""


def linear_dequantize(input, scale, zero_point):
    return scale * input + zero_point
