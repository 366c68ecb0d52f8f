"""
fault = "heuristic: the scale of sym without a search"
sentence = "The range of your scale ends at max |x|. The one of least error by equation (4) may \
be much shorter, but it may also lie beyond max |x|: the search has to try both."
caught_by = ["1a.reset.heuristic", "1a.reset.heuristic_above_maximum"]
"""


def _scale_of_least_error(data, N_bits):
    return data.abs().max() / 2 ** (N_bits - 1)
