"""
differs = "STE without a Function: x / s plus the detached difference to the codes"
"""


def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
    steps = input / scale
    codes = linear_quantize(input, scale, zero_point, N_bits, signed)
    return steps + (codes - steps).detach()
