"""
fault = "heuristic: no range beyond max |x|"
sentence = "The range of your scale ends at max |x|. The one of least error by equation (4) may \
be much shorter, but it may also lie beyond max |x|: the search has to try both."
caught_by = ["1a.reset.heuristic_above_maximum"]
"""

import math


def _scale_of_least_error(data, N_bits):
    widest = data.abs().max() / 2 ** (N_bits - 1)
    best, least = widest, math.inf
    for k in range(1, 501):
        scale = widest * k / 500
        codes = linear_quantize(data, scale, 0, N_bits)
        error = (data - linear_dequantize(codes, scale, 0)).square().mean()
        if error < least:
            best, least = scale, error
    return best
