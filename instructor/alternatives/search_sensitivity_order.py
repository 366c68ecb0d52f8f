"""
differs = "search: layers in the order of their sensitivity, down until it fails"
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    bits_list = sorted(candidate_bits)
    names = list(layer_sizes)

    assignment = None
    for b in bits_list:
        trial = dict.fromkeys(names, b)
        acc = evaluate(dict(trial))
        if acc > accuracy_floor:
            assignment = trial
            break
    if assignment is None:
        return dict.fromkeys(names, bits_list[-1])

    # how much does one layer at the lowest width hurt, per weight?
    sensitivity = {}
    for name in names:
        low = dict(assignment)
        low[name] = bits_list[0]
        sensitivity[name] = (acc - evaluate(low)) / layer_sizes[name]

    for name in sorted(names, key=sensitivity.get):
        options = [b for b in bits_list if b < assignment[name]]
        for b in reversed(options):
            trial = dict(assignment)
            trial[name] = b
            if evaluate(dict(trial)) <= accuracy_floor:
                break
            assignment = trial
    return assignment
