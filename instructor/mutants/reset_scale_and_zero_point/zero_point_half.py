"""
fault = "zero point is 0.5"
sentence = "You return 0.5 as the zero point. A zero point is a code, and so an integer; in this \
assignment it is always 0."
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
    return scale, 0.5
