"""
fault = "takes the narrowest width everywhere"
sentence = "Every layer gets the narrowest width, and the accuracy is never asked for. Only \
widths that evaluate puts above the floor count."
caught_by = ["3.search.floor", "3.search.size"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    return dict.fromkeys(layer_sizes, min(candidate_bits))
