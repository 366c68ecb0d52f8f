"""
fault = "allows a loss of 100 - floor below the widest model"
sentence = "Your search allows the accuracy to fall below that of the widest model by 100 minus \
the floor. The floor is an accuracy in percent, not a loss."
caught_by = ["3.search.floor", "3.search.size"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits)
    bits = dict.fromkeys(layer_sizes, widths[-1])
    floor = evaluate(bits) - (100 - accuracy_floor)
    for layer in sorted(layer_sizes, key=layer_sizes.get, reverse=True):
        for width in widths:
            if width < bits[layer] and evaluate({**bits, layer: width}) > floor:
                bits[layer] = width
                break
    return bits
