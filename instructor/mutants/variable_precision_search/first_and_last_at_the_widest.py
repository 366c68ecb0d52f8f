"""
fault = "keeps the first and the last layer at the widest"
sentence = "The first and the last layer keep the widest width, the rest gets one width. That \
makes a larger model than this width everywhere, which is above the floor as well."
caught_by = ["3.search.size"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits)
    bits = dict.fromkeys(layer_sizes, widths[-1])
    for width in reversed(widths):
        if evaluate(dict.fromkeys(layer_sizes, width)) > accuracy_floor:
            bits = dict.fromkeys(layer_sizes, width)
    layers = list(layer_sizes)
    bits[layers[0]] = bits[layers[-1]] = widths[-1]
    return bits
