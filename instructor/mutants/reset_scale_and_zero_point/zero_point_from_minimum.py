"""
fault = "zero point is min x / s"
sentence = "All methods of this assignment have the zero point 0, so that code 0 stands for the \
number 0; you seem to compute one from the smallest number."
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
    return scale, input.detach().min() / scale
