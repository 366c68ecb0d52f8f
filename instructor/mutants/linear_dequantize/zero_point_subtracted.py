"""
fault = "subtracts the zero point"
sentence = "Equation (1) has subtracted the zero point already, so equation (3) must add it \
back; your code seems to subtract it a second time."
caught_by = ["1a.linear_dequantize.zero_point"]
"""


def linear_dequantize(input, scale, zero_point):
    return scale * (input - zero_point)
