"""
differs = "search: greedy, every round tries each layer and keeps the best step"
"""


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits)
    calls_left = 2 * len(layer_sizes) * len(candidate_bits)

    def try_it(bits):
        nonlocal calls_left
        if calls_left == 0:
            return -1.0
        calls_left -= 1
        return evaluate(dict(bits))

    current = None
    for width in widths:
        bits = dict.fromkeys(layer_sizes, width)
        accuracy = try_it(bits)
        if accuracy > accuracy_floor:
            current = bits
            break
    if current is None:
        return dict.fromkeys(layer_sizes, widths[-1])

    while True:
        best_gain, best_bits, best_accuracy = None, None, None
        for name, size in layer_sizes.items():
            position = widths.index(current[name])
            if position == 0:
                continue
            narrower = dict(current)
            narrower[name] = widths[position - 1]
            result = try_it(narrower)
            if result <= accuracy_floor:
                continue
            saved = size * (widths[position] - widths[position - 1])
            gain = saved / (max(accuracy - result, 0) + 1e-3)
            if best_gain is None or gain > best_gain:
                best_gain, best_bits, best_accuracy = gain, narrower, result
        if best_bits is None:
            return current
        current, accuracy = best_bits, best_accuracy
