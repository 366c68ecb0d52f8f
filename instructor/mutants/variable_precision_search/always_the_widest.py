"""
fault = "takes the widest width everywhere"
sentence = "All layers keep the widest width. That is above the floor if anything is, but one \
narrower width for all layers already makes a smaller model."
caught_by = ["3.search.size"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    return dict.fromkeys(layer_sizes, max(candidate_bits))
