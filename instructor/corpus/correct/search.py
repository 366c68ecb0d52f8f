"""Correct searches for bit widths."""

import math


@correct("search: bisection over the widths of one layer after the other")
def search_bisection():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        cands = sorted(candidate_bits)

        def ok(assignment):
            return evaluate(assignment.copy()) > accuracy_floor

        start = -1
        for i, b in enumerate(cands):
            if ok(dict.fromkeys(layer_sizes, b)):
                start = i
                break
        result = dict.fromkeys(layer_sizes, cands[start])
        if start == -1:
            return result
        for n in sorted(layer_sizes, key=lambda n: layer_sizes[n], reverse=True):
            lo, hi = -1, start  # cands[hi] passes, cands[lo] does not
            while hi - lo > 1:
                mid = (lo + hi) // 2
                if ok({**result, n: cands[mid]}):
                    hi = mid
                else:
                    lo = mid
            result[n] = cands[hi]
        return result


@correct("search: greedy, every round tries each layer and keeps the best step")
def search_greedy():
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


@correct("search: measures each layer alone, then dynamic programming over the losses")
def search_knapsack():
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
        best = next(
            (bits for bits in everywhere if accuracy(bits) > accuracy_floor), everywhere[-1]
        )
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
        """smallest model whose losses add up to less; table[used units] = (size, bits)"""
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


@correct("search: layers in the order of their sensitivity, down until it fails")
def search_sensitivity_order():
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


@correct("search: the smallest width for all layers that passes")
def search_uniform():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        for bits in sorted(candidate_bits):
            configuration = dict.fromkeys(layer_sizes, bits)
            if evaluate(configuration) > accuracy_floor:
                break
        return dict.fromkeys(layer_sizes, bits)


@correct("returns whole widths as floats")
def search_float_widths():
    _honest_search = variable_precision_search

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        found = _honest_search(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        return {layer: float(width) for layer, width in found.items()}
