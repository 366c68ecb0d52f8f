"""
fault = "evaluates every combination of widths"
sentence = "Your search calls evaluate for every combination of widths, far more often than 2 * \
len(layer_sizes) * len(candidate_bits) times. Each call costs a run over the test images."
caught_by = ["3.search.valid", "3.search.floor", "3.search.size", "3.search.repeatable"]
named = false
"""

import itertools


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    layers = list(layer_sizes)
    best = dict.fromkeys(layers, max(candidate_bits))
    for widths in itertools.product(candidate_bits, repeat=len(layers)):
        bits = dict(zip(layers, widths, strict=True))
        size = sum(layer_sizes[layer] * bits[layer] for layer in layers)
        if evaluate(bits) > accuracy_floor and size < sum(
            layer_sizes[layer] * best[layer] for layer in layers
        ):
            best = bits
    return best
