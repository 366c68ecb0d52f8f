"""
fault = "returns the scale without the zero point"
sentence = "You return only the scale; a pair is asked for, the scale and the zero point 0."
caught_by = [
    "1a.reset.sym",
    "1a.reset.unsigned",
    "1a.reset.heuristic",
    "1a.reset.heuristic_above_maximum",
    "1a.reset.SAWB",
]
"""

right_result = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    scale, _ = right_result(input, N_bits, method)
    return scale
