"""
fault = "heuristic: least largest error"
sentence = "Equation (4) is about the mean of the squared errors; you seem to minimize the \
largest error, for which a few far numbers decide alone."
caught_by = ["1a.reset.heuristic"]
sometimes = ["1a.reset.heuristic_above_maximum"]
"""

import math


def _scale_of_least_error(data, N_bits):
    widest = 2 * data.abs().max() / 2 ** (N_bits - 1)
    best, least = widest, math.inf
    for k in range(1, 501):
        scale = widest * k / 500
        codes = linear_quantize(data, scale, 0, N_bits)
        error = (data - linear_dequantize(codes, scale, 0)).abs().max()
        if error < least:
            best, least = scale, error
    return best
