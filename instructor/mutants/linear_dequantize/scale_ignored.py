"""
fault = "does not scale"
sentence = "You return codes with the zero point added back; equation (3) also multiplies them \
by the scale, which turns counts of steps into real numbers."
caught_by = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]
"""


def linear_dequantize(input, scale, zero_point):
    return input + zero_point
