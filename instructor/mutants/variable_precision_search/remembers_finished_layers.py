"""
fault = "remembers from call to call which layers are finished"
sentence = "Your search remembers between calls which layers it has finished, and a second call \
leaves them alone. Everything that it needs must be made anew in each call."
caught_by = ["3.search.repeatable"]
"""

FINISHED = set()


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits)
    bits = dict.fromkeys(layer_sizes, widths[-1])
    for width in reversed(widths):
        if evaluate(dict.fromkeys(layer_sizes, width)) > accuracy_floor:
            bits = dict.fromkeys(layer_sizes, width)
    for layer in sorted(layer_sizes, key=layer_sizes.get, reverse=True):
        if layer in FINISHED:
            continue
        for width in widths:
            if width < bits[layer] and evaluate({**bits, layer: width}) > accuracy_floor:
                bits[layer] = width
                break
        FINISHED.add(layer)
    return bits
