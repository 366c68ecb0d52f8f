"""
fault = "keeps the step that fell below the floor"
sentence = "Your search ends with the step that took the accuracy below the floor. Go back to the \
widths before that step."
caught_by = ["3.search.floor", "3.search.size"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits, reverse=True)
    bits = dict.fromkeys(layer_sizes, widths[0])
    for layer in sorted(layer_sizes, key=layer_sizes.get, reverse=True):
        for width in widths[1:]:
            bits[layer] = width
            if evaluate(dict(bits)) <= accuracy_floor:
                break
    return bits
