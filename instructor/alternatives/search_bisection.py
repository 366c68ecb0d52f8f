"""
differs = "search: bisection over the widths of one layer after the other"
"""


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
