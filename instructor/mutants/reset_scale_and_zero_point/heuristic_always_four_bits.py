"""
fault = "heuristic: searches with four bits whatever N_bits is"
sentence = "Your search quantizes with 4 bits whatever N_bits is; another width has another best \
scale, so the error must be measured with the width asked for."
caught_by = ["1a.reset.heuristic", "1a.reset.heuristic_above_maximum"]
"""

import math


def _scale_of_least_error(data, N_bits):
    widest = 2 * data.abs().max() / 8
    best, least = widest, math.inf
    for k in range(1, 501):
        scale = widest * k / 500
        codes = linear_quantize(data, scale, 0, 4)
        error = (data - linear_dequantize(codes, scale, 0)).square().mean()
        if error < least:
            best, least = scale, error
    return best
