"""
fault = "gives large layers 4 bits and small ones 8, unmeasured"
sentence = "Your widths follow from the sizes of the layers alone: 4 bits for large ones, 8 for \
the others. How much a layer tolerates is what evaluate tells."
caught_by = ["3.search.floor", "3.search.size"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    mean = sum(layer_sizes.values()) / len(layer_sizes)
    return {layer: 4 if size > mean else 8 for layer, size in layer_sizes.items()}
