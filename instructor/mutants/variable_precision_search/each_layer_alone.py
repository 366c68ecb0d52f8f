"""
fault = "tries every layer alone and never all together"
sentence = "Each layer is tried with all others at the widest, and the widths found are never \
evaluated together. Losses of accuracy add up."
caught_by = ["3.search.floor", "3.search.size"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits)
    widest = dict.fromkeys(layer_sizes, widths[-1])
    bits = dict(widest)
    for layer in layer_sizes:
        for width in widths:
            if evaluate({**widest, layer: width}) > accuracy_floor:
                bits[layer] = width
                break
    return bits
