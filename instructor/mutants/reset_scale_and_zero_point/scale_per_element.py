"""
fault = "repeats the scale for every element"
sentence = "Your scale has the shape of the input, the same number for every element; one tensor \
without dimensions is asked for."
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
    return scale.expand_as(input).clone(), 0
