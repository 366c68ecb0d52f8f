"""
differs = "python numbers and loops instead of tensor operations"
"""

import torch


def limits(bits, signed):
    if signed:
        return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return 0, 2**bits - 1


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = limits(N_bits, signed)
    s = float(scale)
    z = int(zero_point)
    codes = []
    for value in input.reshape(-1).tolist():
        code = round(value / s) - z
        codes.append(min(max(code, low), high))
    return torch.tensor(codes, dtype=input.dtype).reshape(input.shape)


def linear_dequantize(input, scale, zero_point):
    recovered = []
    for code in input.reshape(-1):
        recovered.append(scale * (code + zero_point))
    return torch.stack(recovered).reshape(input.shape)


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError("no coefficients for this width")
    total = 0.0
    squares = 0.0
    count = 0
    for value in input.reshape(-1).tolist():
        total += abs(value)
        squares += value**2
        count += 1
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    alpha = c1 * (squares / count) ** 0.5 - c2 * total / count
    if alpha <= 0:
        alpha = max(abs(value) for value in input.reshape(-1).tolist())
    return torch.tensor(alpha / 2 ** (N_bits - 1), dtype=input.dtype)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    values = input.reshape(-1).tolist()
    largest = max(abs(v) for v in values)
    if method == "sym":
        scale = largest / 2 ** (N_bits - 1)
    elif method in ("unsigned", "asym"):
        scale = max(0.0, *values) / (2**N_bits - 1)
    elif method == "SAWB":
        scale = float(get_scale(input, N_bits))
    elif method == "heuristic":
        scale = best_scale(values, largest, N_bits)
    else:
        raise ValueError(method)
    if scale == 0:
        scale = 1.0
    return torch.tensor(scale, dtype=input.dtype), 0


def best_scale(values, largest, N_bits):
    low, high = limits(N_bits, True)

    def error(s):
        e = 0.0
        for v in values:
            k = round(v / s)
            k = low if k < low else high if k > high else k
            e += (v - s * k) ** 2
        return e

    if largest == 0:
        return 0.0
    best = min((largest * 1.05**i / high for i in range(-70, 17)), key=error)
    return min((best * (1 + i / 400) for i in range(-20, 21)), key=error)


def integer_linear(input, weight):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32 only")
    columns = weight.tolist()
    sums = []
    for row in input.reshape(-1, input.shape[-1]).tolist():
        sums.append([sum(a * b for a, b in zip(row, col, strict=True)) for col in columns])
    check_int32(max(max(row) for row in sums), min(min(row) for row in sums))
    return torch.tensor(sums, dtype=torch.int32).reshape(*input.shape[:-1], len(columns))


def check_int32(largest, smallest):
    if largest > 2**31 - 1 or smallest < -(2**31):
        raise OverflowError("does not fit int32")


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32 only")
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    n, _, height, width = input.shape
    out_channels, per_group, kh, kw = weight.shape
    oh = (height + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    x, w = input.tolist(), weight.tolist()
    out = torch.zeros(n, out_channels, oh, ow, dtype=torch.int32)
    for o in range(out_channels):
        first = (o // (out_channels // groups)) * per_group
        taps = [
            (first + c, i * dh - ph, j * dw - pw, w[o][c][i][j])
            for c in range(per_group)
            for i in range(kh)
            for j in range(kw)
        ]
        for b in range(n):
            for r in range(oh):
                for q in range(ow):
                    total = 0
                    for c, i, j, factor in taps:
                        y, z = r * sh + i, q * sw + j
                        if 0 <= y < height and 0 <= z < width:
                            total += x[b][c][y][z] * factor
                    check_int32(total, total)
                    out[b, o, r, q] = total
    return out


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight)
    s = float(input_scale) * float(weight_scale)
    b = [0] * len(weight) if bias is None else bias.tolist()
    rows = sums.reshape(-1, len(weight)).tolist()
    out = [[s * (v + k) for v, k in zip(row, b, strict=True)] for row in rows]
    return torch.tensor(out).reshape(sums.shape)
