"""
fault = "ignores the zero point"
sentence = "Your result is the same whatever the zero point is; equation (3) adds it back to the \
codes, and the function has to, even if it is nearly always 0 here."
caught_by = ["1a.linear_dequantize.zero_point"]
"""


def linear_dequantize(input, scale, zero_point):
    return scale * input
