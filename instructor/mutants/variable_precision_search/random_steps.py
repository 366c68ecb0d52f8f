"""
fault = "lowers layers that it draws at random"
sentence = "Your search draws at random which layer it lowers next, so that it finds other widths \
each time. Use nothing random: the same accuracies give the same widths."
caught_by = ["3.search.repeatable"]
"""

import random


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits)
    bits = dict.fromkeys(layer_sizes, widths[-1])
    for width in reversed(widths):
        if evaluate(dict.fromkeys(layer_sizes, width)) > accuracy_floor:
            bits = dict.fromkeys(layer_sizes, width)
    for _ in range(3 * len(layer_sizes)):
        layer = random.choice(list(layer_sizes))
        narrower = widths[max(0, widths.index(bits[layer]) - 1)]
        if evaluate({**bits, layer: narrower}) > accuracy_floor:
            bits[layer] = narrower
    return bits
