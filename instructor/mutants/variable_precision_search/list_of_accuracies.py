"""
fault = "returns the accuracies of the uniform models"
sentence = "You return the accuracies that evaluate gave. Asked for are the widths, {layer: bits}."
caught_by = ["3.search.valid", "3.search.floor", "3.search.size", "3.search.repeatable"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    return [evaluate(dict.fromkeys(layer_sizes, width)) for width in candidate_bits]
