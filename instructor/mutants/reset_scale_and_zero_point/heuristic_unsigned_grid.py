"""
fault = "heuristic: searches on the unsigned grid"
sentence = "Your search measures the error with unsigned codes, where every negative number \
becomes 0; heuristic is for signed codes."
caught_by = ["1a.reset.heuristic", "1a.reset.heuristic_above_maximum"]
"""

import math


def _scale_of_least_error(data, N_bits):
    widest = 2 * data.abs().max() / 2 ** (N_bits - 1)
    best, least = widest, math.inf
    for k in range(1, 501):
        scale = widest * k / 500
        codes = linear_quantize(data, scale, 0, N_bits, signed=False)
        error = (data - linear_dequantize(codes, scale, 0)).square().mean()
        if error < least:
            best, least = scale, error
    return best
