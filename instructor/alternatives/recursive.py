"""
differs = "recursion: the matrix product halves its sums, the heuristic its interval"
"""

import torch


def product(x, w):
    """x @ w.T in int64; long sums are the sum of two halves"""
    n = x.shape[-1]
    if n <= 32:
        return (x.unsqueeze(-2) * w).sum(-1)
    h = n // 2
    return product(x[..., :h], w[:, :h]) + product(x[..., h:], w[:, h:])


def integer_linear(input, weight):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32")
    result = product(input.long(), weight.long())
    if (result != result.int()).any():
        raise OverflowError("int32")
    return result.int()


def mse(x, s, bits):
    n = 2 ** (bits - 1)
    return float((x - s * torch.round(x / s).clamp(-n, n - 1)).square().mean())


def zoom(x, bits, low, high, depth):
    """the best of many scales between low and high, then the same around it"""
    scales = torch.linspace(low, high, 300 if depth == 2 else 30).tolist()
    scales = [s for s in scales if s > 0]
    best = min(scales, key=lambda s: mse(x, s, bits))
    if depth == 0:
        return best
    step = scales[1] - scales[0]
    return zoom(x, bits, max(best - step, best / 2), best + step, depth - 1)


def _scale_of_least_error(data, N_bits):
    largest = float(data.abs().max()) / 2 ** (N_bits - 1)
    if largest == 0:
        return torch.zeros((), dtype=data.dtype)
    return torch.tensor(zoom(data, N_bits, 0.0, 1.8 * largest, 2), dtype=data.dtype)


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    widths = sorted(set(candidate_bits))

    def smallest_uniform(i):
        bits = dict.fromkeys(layer_sizes, widths[i])
        if evaluate(dict(bits)) > accuracy_floor:
            return bits, True
        if i == len(widths) - 1:
            return bits, False
        return smallest_uniform(i + 1)

    def narrow(bits, names):
        if not names:
            return bits
        first, *rest = names
        i = widths.index(bits[first])
        if i > 0:
            trial = {**bits, first: widths[i - 1]}
            if evaluate(dict(trial)) > accuracy_floor:
                return narrow(trial, names)
        return narrow(bits, rest)

    bits, passes = smallest_uniform(0)
    if not passes:
        return bits
    return narrow(bits, sorted(layer_sizes, key=layer_sizes.get, reverse=True))
