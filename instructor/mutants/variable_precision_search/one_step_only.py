"""
fault = "lowers every layer by one step only"
sentence = "Every layer goes one step down and no further. Go on while the accuracy stays above \
the floor."
caught_by = ["3.search.size"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits)
    bits = dict.fromkeys(layer_sizes, widths[-1])
    for layer in layer_sizes:
        if evaluate({**bits, layer: widths[-2]}) > accuracy_floor:
            bits[layer] = widths[-2]
    return bits
