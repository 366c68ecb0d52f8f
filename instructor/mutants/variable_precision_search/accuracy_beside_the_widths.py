"""
fault = "returns a pair of widths and accuracy"
sentence = "You return the widths together with their accuracy. Return the dictionary {layer: \
bits} alone."
caught_by = ["3.search.valid", "3.search.floor", "3.search.size", "3.search.repeatable"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits)
    bits = dict.fromkeys(layer_sizes, widths[-1])
    for width in reversed(widths):
        if evaluate(dict.fromkeys(layer_sizes, width)) > accuracy_floor:
            bits = dict.fromkeys(layer_sizes, width)
    for layer in sorted(layer_sizes, key=layer_sizes.get, reverse=True):
        for width in widths:
            if width < bits[layer] and evaluate({**bits, layer: width}) > accuracy_floor:
                bits[layer] = width
                break
    return bits, evaluate(bits)
