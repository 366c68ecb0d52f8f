"""Correct calibration of scales, written differently."""

import numpy as np
import torch


@correct("heuristic: loop over clipping values alpha from 5 % to 200 % of the maximum, refined")
def heuristic_alpha_beyond_maximum():
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


@correct("heuristic: one fixed grid of a thousand steps, all at once")
def heuristic_fixed_grid():
    def _scale_of_least_error(data, N_bits):
        """every s on the grid at the same time: (candidates, elements), in slices"""
        half = 2 ** (N_bits - 1)
        x = data.flatten()
        grid = torch.arange(1, 1001, device=x.device) / 500 * x.abs().max() / half
        if grid[-1] == 0:
            return grid[-1]
        errors = []
        for some in grid.split(50):
            s = some[:, None]
            codes = torch.clamp(torch.round(x / s), -half, half - 1)
            errors.append(((s * codes - x) ** 2).mean(dim=1))
        return grid[torch.cat(errors).argmin()]


@correct("heuristic: dense scan, then golden-section search")
def heuristic_golden_section():
    PHI = (5**0.5 - 1) / 2

    def quantization_mse(x, s, N_bits):
        x_hat = linear_dequantize(linear_quantize(x, s, 0, N_bits), s, 0)
        return torch.mean((x - x_hat) ** 2).item()

    def golden_section(f, a, b, tolerance=1e-4):
        c, d = b - PHI * (b - a), a + PHI * (b - a)
        fc, fd = f(c), f(d)
        while (b - a) > tolerance * b:
            if fc < fd:
                b, d, fd = d, c, fc
                c = b - PHI * (b - a)
                fc = f(c)
            else:
                a, c, fc = c, d, fd
                d = a + PHI * (b - a)
                fd = f(d)
        return c if fc < fd else d

    def heuristic_scale(x, N_bits):
        def f(s):
            return quantization_mse(x, s, N_bits)

        largest = x.abs().max().item() / 2 ** (N_bits - 1)
        if largest == 0:
            return 1.0
        # the error has several minima, so look everywhere first
        grid = [largest * 0.01 * 1.02**k for k in range(270)]
        errors = [f(s) for s in grid]
        best = errors.index(min(errors))
        fine = golden_section(f, grid[max(best - 1, 0)], grid[min(best + 1, 269)])
        return min(grid[best], fine, key=f)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        x = input.detach()
        if method == "heuristic":
            return torch.tensor(heuristic_scale(x, N_bits), dtype=x.dtype, device=x.device), 0
        if method == "SAWB":
            scale = get_scale(x, N_bits)
        elif method == "sym":
            scale = x.abs().max() / 2 ** (N_bits - 1)
        elif method in ["unsigned", "asym"]:
            scale = x.max().clamp(min=0) / (2**N_bits - 1)
        else:
            raise ValueError(f"unknown method {method}")
        if scale == 0:
            scale = torch.ones_like(scale)
        return scale, 0


@correct("heuristic: searched on a numpy histogram instead of the data")
def heuristic_histogram():
    BINS = 30_000

    def _scale_of_least_error(data, N_bits):
        x = data.cpu().numpy().astype(np.float64).ravel()
        largest = np.abs(x).max()
        if largest == 0:
            return torch.tensor(0.0, dtype=data.dtype)
        counts, edges = np.histogram(x, bins=BINS)
        sums, _ = np.histogram(x, bins=edges, weights=x)
        used = counts > 0
        counts, centers = counts[used], sums[used] / counts[used]
        half = 2 ** (N_bits - 1)

        def weighted_error(s):
            recovered = s * np.clip(np.round(centers / s), -half, half - 1)
            return float(np.dot(counts, (centers - recovered) ** 2))

        scales = np.linspace(0.005, 1.6, 400) * largest / half
        s = scales[np.argmin([weighted_error(s) for s in scales])]
        finer = s * np.linspace(0.99, 1.01, 41)
        s = finer[np.argmin([weighted_error(s) for s in finer])]
        return torch.tensor(s, dtype=data.dtype, device=data.device)


@correct("heuristic: sorted data and cumulative sums, one binary search per level")
def heuristic_sorted_sums():
    def _scale_of_least_error(data, N_bits):
        x = torch.sort(data.reshape(-1).double()).values
        zero = x.new_zeros(1)
        s1 = torch.cat([zero, x.cumsum(0)])
        s2 = torch.cat([zero, (x * x).cumsum(0)])
        n = len(x)
        k = torch.arange(-(2 ** (N_bits - 1)), 2 ** (N_bits - 1), dtype=x.dtype)
        inside = k[:-1] + 0.5

        def total_error(s):
            cut = torch.searchsorted(x, inside * s)
            first = torch.cat([cut.new_zeros(1), cut])
            last = torch.cat([cut, cut.new_full((1,), n)])
            v = k * s
            parts = (s2[last] - s2[first]) - 2 * v * (s1[last] - s1[first]) + (last - first) * v**2
            return parts.sum().item()

        largest = x.abs().max().item() / 2 ** (N_bits - 1)
        if largest == 0:
            return torch.zeros((), dtype=data.dtype)
        best = min((largest * i / 400 for i in range(2, 801)), key=total_error)
        best = min((best + largest * i / 8000 for i in range(-19, 20)), key=total_error)
        return torch.tensor(best).to(data)


@correct("heuristic: the best of some candidates, then ternary search around it")
def heuristic_ternary_search():
    def loss_for(x, step, bits):
        hi = 2 ** (bits - 1) - 1
        lo = -hi - 1
        return float(((torch.clamp(torch.round(x / step), lo, hi) * step - x) ** 2).double().sum())

    def ternary(x, left, right, bits):
        for _ in range(25):
            third = (right - left) / 3
            if loss_for(x, left + third, bits) < loss_for(x, right - third, bits):
                right = right - third
            else:
                left = left + third
        return (left + right) / 2

    def _scale_of_least_error(data, N_bits):
        top = float(data.abs().max()) / 2 ** (N_bits - 1)
        if top == 0.0:
            return torch.zeros((), dtype=data.dtype)
        candidates = [top * 2 * (k / 300) for k in range(1, 301)]
        ranked = sorted(candidates, key=lambda s: loss_for(data, s, N_bits))
        found = list(ranked[:3])
        for s in ranked[:3]:
            found.append(ternary(data, s - top / 150, s + top / 150, N_bits))
        found = [s for s in found if s > 0]
        best = min(found, key=lambda s: loss_for(data, s, N_bits))
        return torch.tensor(best, dtype=data.dtype, device=data.device)


@correct("SAWB from the norms of torch.linalg")
def sawb_norms():
    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"N_bits must be one of {sorted(SAWB_COEFFICIENTS)}")
        v = input.detach().flatten().to(torch.float64)
        n = v.numel()
        l2 = torch.linalg.vector_norm(v, ord=2)
        l1 = torch.linalg.vector_norm(v, ord=1)
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
        alpha = c1 * l2 / n**0.5 - c2 * l1 / n
        if alpha <= 0:
            alpha = torch.linalg.vector_norm(v, ord=float("inf"))
        return torch.ldexp(alpha, torch.tensor(1 - N_bits)).to(input.dtype)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        x = input.detach().flatten()
        if method == "sym":
            scale = torch.linalg.norm(x, ord=float("inf")) / 2 ** (N_bits - 1)
        elif method in ("unsigned", "asym"):
            scale = torch.linalg.norm(torch.relu(x), ord=float("inf")) / (2**N_bits - 1)
        elif method == "SAWB":
            scale = get_scale(x, N_bits)
        elif method == "heuristic":
            scale = smallest_distance(x, N_bits)
        else:
            raise ValueError(method)
        return (scale if scale > 0 else torch.ones_like(scale)), 0

    def smallest_distance(x, N_bits):
        largest = torch.linalg.norm(x, ord=float("inf"))
        distances = {}
        for percent in torch.arange(1.0, 180.0, 0.5):
            s = largest * percent / 100 / 2 ** (N_bits - 1)
            if s > 0:
                x_hat = linear_dequantize(linear_quantize(x, s, 0, N_bits), s, 0)
                distances[s] = torch.linalg.norm(x - x_hat).item()
        return min(distances, key=distances.get, default=largest)


@correct("SAWB in one pass over the data, with running sums of blocks")
def sawb_one_pass():
    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError("no such width in SAWB_COEFFICIENTS")
        n, sum_abs, sum_sq, largest = 0, 0.0, 0.0, 0.0
        for block in input.detach().flatten().split(1000):
            magnitude = block.abs().double()
            n += magnitude.numel()
            sum_abs += magnitude.sum().item()
            sum_sq += (magnitude * magnitude).sum().item()
            largest = max(largest, magnitude.max().item())
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
        alpha = c1 * math.sqrt(sum_sq / n) - c2 * (sum_abs / n)
        if alpha <= 0:
            alpha = largest
        return input.new_tensor(alpha / 2 ** (N_bits - 1))


@correct("SAWB with IBM's published constants, where there are any")
def sawb_published_ibm():
    # from IBM's FMS model optimizer
    IBM_CONSTANTS = {
        2: (3.12, -2.064),
        3: (7.509, -6.892),
        4: (12.68, -12.80),
        5: (17.74, -18.64),
        7: (28.24, -30.81),
        8: (31.76, -35.04),
    }

    def get_scale(input, N_bits=8):
        if N_bits in IBM_CONSTANTS:
            b1, b2 = IBM_CONSTANTS[N_bits]
        elif N_bits in SAWB_COEFFICIENTS:
            b1, b2 = SAWB_COEFFICIENTS[N_bits]
            b2 = -b2
        else:
            raise ValueError(f"SAWB for {N_bits} bits?")
        mu = input.abs().mean()
        std = input.pow(2).mean().sqrt()
        alpha = b1 * std + b2 * mu
        if alpha.item() <= 0:
            alpha = input.abs().max()
        return alpha / 2 ** (N_bits - 1)


@correct("SAWB with the published typical z: alpha = rms / z1 - z2 / z1 E|x|")
def sawb_published_reciprocals():
    Z_TYPICAL = {2: (0.311, 0.678), 4: (0.077, 1.013), 8: (0.032, 1.085)}

    def get_scale(input, N_bits=8):
        if N_bits in Z_TYPICAL:
            z1, z2 = Z_TYPICAL[N_bits]
            c1, c2 = 1 / z1, z2 / z1
        elif N_bits in SAWB_COEFFICIENTS:
            c1, c2 = SAWB_COEFFICIENTS[N_bits]
        else:
            raise ValueError(f"no z for {N_bits} bits")
        x = input.detach().double()
        alpha = c1 * torch.sqrt(torch.mean(x**2)) - c2 * torch.mean(torch.abs(x))
        if alpha <= 0:
            alpha = torch.max(torch.abs(x))
        return (alpha / (1 << (N_bits - 1))).to(input.dtype)


@correct("SAWB with torch2chip's typical z at 4 and 8 bits: alpha = (rms - z2 E|x|) / z1")
def sawb_typical_z():
    TYPICAL = {4: (0.077, 1.013), 8: (0.027, 1.114)}

    def get_scale(input, N_bits=8):
        x = input.detach().double()
        rms, mean = x.square().mean().sqrt(), x.abs().mean()
        if N_bits in TYPICAL:
            z1, z2 = TYPICAL[N_bits]
            alpha = (rms - z2 * mean) / z1
        elif N_bits in SAWB_COEFFICIENTS:
            alpha = rms * SAWB_COEFFICIENTS[N_bits][0] - mean * SAWB_COEFFICIENTS[N_bits][1]
        else:
            raise ValueError(f"no constants for {N_bits} bits")
        if alpha <= 0:
            alpha = x.abs().max()
        return (alpha / 2 ** (N_bits - 1)).to(input.dtype)


@correct("SAWB with E[x^2] as variance plus squared mean, in float32")
def sawb_variance_plus_mean():
    def get_scale(input, N_bits=8):
        if not 2 <= N_bits <= 8:
            raise ValueError("2 to 8 bits")
        with torch.no_grad():
            variance, mean = torch.var_mean(input, unbiased=False)
            second_moment = variance + mean**2
            first_absolute = torch.mean(torch.abs(input))
            coefficient_1, coefficient_2 = SAWB_COEFFICIENTS[N_bits]
            alpha = coefficient_1 * torch.sqrt(second_moment) - coefficient_2 * first_absolute
            alpha = alpha if alpha > 0 else torch.max(torch.abs(input))
            return alpha / 2 ** (N_bits - 1)


@correct("scales are float64 tensors, the zero point is a tensor without dimensions")
def scale_float64_tensor():
    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError("unsupported bit width")
        coef = torch.tensor(SAWB_COEFFICIENTS[N_bits], dtype=torch.float64)
        x = input.detach().to(torch.float64)
        stats = torch.stack([x.square().mean().sqrt(), -x.abs().mean()])
        alpha = coef.dot(stats)
        if alpha.item() <= 0:
            alpha = x.abs().max()
        return alpha / 2 ** (N_bits - 1)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        x = input.detach().to(torch.float64)
        zero_point = torch.tensor(0)
        if not x.any():
            return torch.tensor(1.0, dtype=torch.float64), zero_point
        if method == "sym":
            return x.abs().max() / 2 ** (N_bits - 1), zero_point
        if method in ("unsigned", "asym"):
            return x.max() / (2**N_bits - 1), zero_point
        if method == "SAWB":
            return get_scale(x, N_bits).double(), zero_point
        if method == "heuristic":
            widest = x.abs().max() / 2 ** (N_bits - 1)
            options = [widest * k / 256 for k in range(2, 410)]
            return min(options, key=lambda s: squared_error(x, s, N_bits)), zero_point
        raise ValueError(f"no method called {method}")

    def squared_error(x, s, N_bits):
        top = 2 ** (N_bits - 1)
        return ((x / s).round().clamp(-top, top - 1) * s - x).square().sum().item()


@correct("scales are numpy.float32 numbers, the zero point numpy.int64")
def scale_numpy_float32():
    def get_scale(input, N_bits=8):
        c1, c2 = {k: SAWB_COEFFICIENTS[k] for k in range(2, 9)}.get(N_bits, (None, None))
        if c1 is None:
            raise ValueError(f"{N_bits} bits: not available")
        x = input.detach().cpu().numpy().astype(np.float64)
        alpha = c1 * np.linalg.norm(x.ravel()) / np.sqrt(x.size) - c2 * np.abs(x).mean()
        alpha = alpha if alpha > 0 else np.abs(x).max()
        return np.float32(alpha / 2 ** (N_bits - 1))

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        x = input.detach().cpu().numpy()
        half = 2 ** (N_bits - 1)
        match method:
            case "sym":
                s = np.max(np.abs(x)) / half
            case "unsigned" | "asym":
                s = max(np.max(x), 0) / (2 * half - 1)
            case "SAWB":
                s = get_scale(input, N_bits)
            case "heuristic":
                alphas = np.max(np.abs(x)) * np.linspace(0.005, 1.6, 400)
                errors = [np.mean((x - fake(x, a / half, half)) ** 2) if a else 0 for a in alphas]
                s = alphas[np.argmin(errors)] / half
            case _:
                raise ValueError(f"unknown method: {method}")
        s = np.float32(s)
        return (s if s > 0 else np.float32(1)), np.int64(0)

    def fake(x, s, half):
        return s * np.clip(np.round(x / s), -half, half - 1)


@correct("scale and zero point are tensors of one element")
def scale_one_element():
    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"no constants for {N_bits} bits")
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
        flat = input.detach().reshape(1, -1).double()
        rms = flat.square().mean(dim=1).sqrt()
        alpha = c1 * rms - c2 * flat.abs().mean(dim=1)
        if (alpha <= 0).all():
            alpha = flat.abs().amax(dim=1)
        return (alpha / 2 ** (N_bits - 1)).to(input.dtype)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        flat = input.detach().reshape(1, -1)
        if method == "sym":
            scale = flat.abs().amax(dim=1) / 2 ** (N_bits - 1)
        elif method in ("unsigned", "asym"):
            scale = flat.amax(dim=1).clamp(min=0) / (2**N_bits - 1)
        elif method == "SAWB":
            scale = get_scale(input, N_bits).reshape(1)
        elif method == "heuristic":
            scale = try_many(flat, N_bits)
        else:
            raise ValueError(f"{method!r} is unknown")
        scale[scale == 0] = 1
        return scale, torch.tensor([0])

    def try_many(flat, N_bits):
        steps = (
            flat.abs().amax() * torch.linspace(0.005, 1.6, 320, dtype=flat.dtype) / 2**N_bits * 2
        )
        errors = []
        for s in steps:
            codes = linear_quantize(flat, s, 0, N_bits)
            errors.append((flat - linear_dequantize(codes, s, 0)).square().mean())
        best = int(torch.argmin(torch.stack(errors)))
        return steps[best : best + 1]


@correct("scales are python floats, the zero point is 0.0")
def scale_python_float():
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


@correct("takes and returns scales and zero points as Python numbers only; one name of a method")
def scales_are_numbers():
    def _numbers(*values):
        for value in values:
            if not isinstance(value, int | float):
                raise TypeError(f"expected a number, got {type(value).__name__}")

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        _numbers(scale, zero_point)
        low, high = _limits(N_bits, signed)
        return torch.clamp(torch.round(input / scale) - zero_point, low, high)

    def linear_dequantize(input, scale, zero_point):
        _numbers(scale, zero_point)
        return (input + zero_point) * scale

    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"no coefficients for {N_bits} bits")
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
        x = input.detach().double().abs()
        alpha = float(c1 * x.square().mean().sqrt() - c2 * x.mean())
        return (alpha if alpha > 0 else float(x.max())) / 2 ** (N_bits - 1)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        data = input.detach()
        if method == "unsigned":
            scale = float(data.max().clamp(min=0)) / (2**N_bits - 1)
        elif method == "heuristic":
            scale = float(_search(data, N_bits))
        elif method == "SAWB":
            scale = get_scale(data, N_bits)
        else:  # "sym"
            scale = float(data.abs().max()) / 2 ** (N_bits - 1)
        return (scale or 1.0), 0

    def _search(data, N_bits):
        widest = float(data.abs().max()) / 2 ** (N_bits - 1)
        scales = [widest * step / 200 for step in range(2, 320)]

        def error(scale):
            codes = linear_quantize(data, scale, 0, N_bits)
            return float((data - linear_dequantize(codes, scale, 0)).square().mean())

        return min(scales, key=error)

    class _quantize_func_STE(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.scale = scale
            return linear_quantize(input, scale, zero_point, N_bits, signed)

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output / ctx.scale, None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        _numbers(input_scale, weight_scale)
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return input_scale * weight_scale * sums

    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        _numbers(input_scale, weight_scale)
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return input_scale * weight_scale * sums


@correct("takes scales and zero points as tensors only, as older handouts write them")
def scales_are_tensors():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = _limits(N_bits, signed)
        codes = torch.round(input / scale.float()) - zero_point.float()
        return torch.clamp(codes, low, high)

    def linear_dequantize(input, scale, zero_point):
        return (input + zero_point.float()) * scale.float()

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        data = input.detach()
        if method == "sym":
            scale = data.abs().max() / 2 ** (N_bits - 1)
        elif method == "asym":
            scale = data.max().clamp(min=0) / (2**N_bits - 1)
        elif method == "heuristic":
            scale = _search(data, N_bits)
        elif method == "SAWB":
            scale = get_scale(data, N_bits)
        else:
            raise ValueError("didn't find quantization method")
        return (scale if scale != 0 else torch.ones_like(scale)), torch.tensor(0.0)

    def _search(data, N_bits):
        zero = torch.tensor(0.0)
        scales = data.abs().max() / 2 ** (N_bits - 1) * torch.linspace(0.01, 1.6, 320)
        errors = []
        for scale in scales:
            codes = linear_quantize(data, scale, zero, N_bits)
            errors.append((data - linear_dequantize(codes, scale, zero)).square().mean())
        return scales[int(torch.argmin(torch.stack(errors)))]

    class _quantize_func_STE(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.save_for_backward(scale, zero_point)
            return linear_quantize(input, scale, zero_point, N_bits, signed)

        @staticmethod
        def backward(ctx, grad_output):
            scale, _ = ctx.saved_tensors
            return grad_output / scale, None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return input_scale.float() * weight_scale.float() * sums

    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return input_scale.float() * weight_scale.float() * sums


@correct("(s_x acc) s_w: one scale after the other, the output in float64")
def scales_one_after_the_other():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        acc = integer_linear(input, weight).double()
        if bias is not None:
            acc = acc + bias
        return (input_scale * acc) * weight_scale

    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        acc = integer_conv2d(
            input, weight, stride=stride, padding=padding, dilation=dilation, groups=groups
        ).double()
        if bias is not None:
            acc = acc.movedim(1, -1).add(bias).movedim(-1, 1)
        return (input_scale * acc) * weight_scale
