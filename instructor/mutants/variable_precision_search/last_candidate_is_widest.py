"""
fault = "takes the last candidate for the widest"
sentence = "Where no widths are above the floor you return the last of candidate_bits. They stand \
in no order; the largest is asked for."
caught_by = ["3.search.floor"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    for bits in sorted(candidate_bits):
        widths = dict.fromkeys(layer_sizes, bits)
        if evaluate(widths) > accuracy_floor:
            return widths
    return dict.fromkeys(layer_sizes, candidate_bits[-1])
