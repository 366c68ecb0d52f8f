"""
differs = "search: the smallest width for all layers that passes"
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    for bits in sorted(candidate_bits):
        configuration = dict.fromkeys(layer_sizes, bits)
        if evaluate(configuration) > accuracy_floor:
            break
    return dict.fromkeys(layer_sizes, bits)
