"""
fault = "returns the scale in a python list"
sentence = "Your scale comes in a python list, with which nothing can be divided. It is a tensor \
without dimensions."
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
    return [scale.item()], 0
