"""
differs = "heuristic: loop over clipping values alpha from 5 % to 200 % of the maximum, refined"
"""

import torch


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    input = input.detach()
    levels = 2 ** (N_bits - 1)
    max_abs = torch.max(torch.abs(input))

    if method == "sym":
        scale = max_abs / levels
    elif method in ("unsigned", "asym"):
        scale = torch.clamp(torch.max(input), min=0) / (2**N_bits - 1)
    elif method == "SAWB":
        scale = get_scale(input, N_bits=N_bits)
    elif method == "heuristic":
        scale = max_abs / levels
        best_error = None
        start, stop, number = 0.01, 2.0, 200
        for _ in range(3):
            distance = (stop - start) / number
            center = start
            for i in range(number + 1):
                alpha = (start + i * distance) * max_abs
                s = alpha / levels
                x_int = linear_quantize(input, s, 0, N_bits, signed=True)
                error = (linear_dequantize(x_int, s, 0) - input).norm()
                if best_error is None or error <= best_error:
                    best_error, scale, center = error, s, start + i * distance
            start, stop, number = center - distance, center + distance, 20
            start = max(start, 0.001)
    else:
        raise ValueError("method must be sym, unsigned, heuristic or SAWB")

    if scale <= 0 or torch.isnan(scale):
        scale = torch.ones_like(max_abs)
    return scale, 0
