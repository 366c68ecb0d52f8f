"""
differs = "scales are python floats, the zero point is 0.0"
"""


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"N_bits = {N_bits}?")
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    x = input.detach().double()
    std = x.pow(2).mean().item() ** 0.5
    mean = x.abs().mean().item()
    alpha = c1 * std - c2 * mean
    if alpha <= 0:
        alpha = x.abs().max().item()
    return alpha / 2 ** (N_bits - 1)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    x = input.detach()
    if method == "sym":
        s = x.abs().max().item() / 2 ** (N_bits - 1)
    elif method in ("unsigned", "asym"):
        s = max(x.max().item(), 0.0) / (2**N_bits - 1)
    elif method == "SAWB":
        s = float(get_scale(x, N_bits))
    elif method == "heuristic":
        s = search_scale(x, N_bits)
    else:
        raise ValueError(method)
    return s if s > 0 else 1.0, 0.0


def search_scale(x, N_bits):
    top = x.abs().max().item() / 2 ** (N_bits - 1)
    best_s, best_e = 0.0, float("inf")
    for i in range(400):
        s = top * (i + 1) / 250  # up to 1.6 times the maximum
        if s == 0:
            break
        e = (x - linear_dequantize(linear_quantize(x, s, 0, N_bits), s, 0)).pow(2).mean().item()
        if e < best_e:
            best_s, best_e = s, e
    return best_s
