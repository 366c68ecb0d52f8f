"""
differs = "search: measures each layer alone, then dynamic programming over the losses"
"""

import math

UNITS = 500


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(candidate_bits)
    seen = {}

    def accuracy(bits):
        key = tuple(bits.items())
        if key not in seen:
            if len(seen) >= 2 * len(layer_sizes) * len(candidate_bits):
                return float("-inf")
            seen[key] = evaluate(dict(bits))
        return seen[key]

    def size(bits):
        return sum(layer_sizes[n] * b for n, b in bits.items())

    everywhere = [dict.fromkeys(layer_sizes, w) for w in widths]
    best = next((bits for bits in everywhere if accuracy(bits) > accuracy_floor), everywhere[-1])
    top = accuracy(everywhere[-1])
    if top <= accuracy_floor:
        return best

    losses = {
        (n, w): max(0.0, top - accuracy({**everywhere[-1], n: w}))
        for n in layer_sizes
        for w in widths
    }
    allowed = top - accuracy_floor
    for _ in range(10):
        bits = knapsack(layer_sizes, widths, losses, allowed)
        if bits and size(bits) < size(best) and accuracy(bits) > accuracy_floor:
            best = bits
            break
        allowed = 0.9 * allowed
    return best


def knapsack(layer_sizes, widths, losses, allowed):
    """smallest model whose losses add up to less than allowed; table[used units] = (size, bits)"""
    table = {0: (0, {})}
    for name, weights in layer_sizes.items():
        following = {}
        for used, (size, bits) in table.items():
            for w in widths:
                units = used + math.ceil(losses[name, w] / allowed * UNITS)
                if units >= UNITS:
                    continue
                total = size + weights * w
                if units not in following or total < following[units][0]:
                    following[units] = (total, {**bits, name: w})
        table = following
    return min(table.values(), key=lambda entry: entry[0])[1] if table else None
