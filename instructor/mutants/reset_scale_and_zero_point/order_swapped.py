"""
fault = "returns (0, scale)"
sentence = "The scale comes first and the zero point second; you return them the other way \
round."
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
    scale, zero_point = right_result(input, N_bits, method)
    return zero_point, scale
