"""
fault = "heuristic: returns the least error"
sentence = "You return the least error itself; what is asked for is the scale that has it."
caught_by = ["1a.reset.heuristic", "1a.reset.heuristic_above_maximum"]
"""


def _scale_of_least_error(data, N_bits):
    widest = 2 * data.abs().max() / 2 ** (N_bits - 1)
    least = data.square().mean()
    for k in range(1, 501):
        scale = widest * k / 500
        codes = linear_quantize(data, scale, 0, N_bits)
        error = (data - linear_dequantize(codes, scale, 0)).square().mean()
        least = error if error < least else least
    return least
