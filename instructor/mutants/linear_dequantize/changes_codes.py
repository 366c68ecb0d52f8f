"""
fault = "overwrites the codes"
sentence = "Your code overwrites the codes that it was given with real numbers, so the caller \
cannot use them again. Compute the result as a new tensor."
caught_by = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]
"""


def linear_dequantize(input, scale, zero_point):
    input += zero_point
    input *= scale
    return input
