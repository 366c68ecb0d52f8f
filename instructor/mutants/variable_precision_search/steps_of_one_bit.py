"""
fault = "lowers widths by one bit, whatever the candidates are"
sentence = "Your search lowers a width by one bit at a time and ends at widths between the \
candidates. Choose from candidate_bits only."
caught_by = ["3.search.valid"]
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    bits = dict.fromkeys(layer_sizes, max(candidate_bits))
    for width in range(max(candidate_bits) - 1, min(candidate_bits) - 1, -1):
        for layer in layer_sizes:
            narrower = {**bits, layer: width}
            if bits[layer] == width + 1 and evaluate(narrower) > accuracy_floor:
                bits = narrower
    return bits
