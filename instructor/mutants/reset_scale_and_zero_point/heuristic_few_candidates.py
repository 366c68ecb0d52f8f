"""
fault = "heuristic: tries eight scales"
sentence = "Your search tries so few scales that the best one falls between them. Equation (4) \
is cheap to evaluate: try many more, or search again around the best."
caught_by = ["1a.reset.heuristic", "1a.reset.heuristic_above_maximum"]
"""

import math


def _scale_of_least_error(data, N_bits):
    widest = 2 * data.abs().max() / 2 ** (N_bits - 1)
    best, least = widest, math.inf
    for k in range(8):
        scale = widest / 1.5**k
        codes = linear_quantize(data, scale, 0, N_bits)
        error = (data - linear_dequantize(codes, scale, 0)).square().mean()
        if error < least:
            best, least = scale, error
    return best
