"""
differs = "a whole file around a Quantizer class; the functions are its methods"
whole = true
"""

import torch

SAWB_COEFFICIENTS = {
    2: (4.765, 3.342),
    3: (8.411, 7.537),
    4: (12.907, 12.803),
    5: (17.786, 18.498),
    6: (22.920, 24.484),
    7: (28.164, 30.620),
    8: (33.426, 36.818),
}


class Quantizer:
    """Number of bits, sign, scale and zero point in one place."""

    def __init__(self, N_bits, signed=True, scale=None, zero_point=0):
        self.N_bits, self.signed = N_bits, signed
        self.scale, self.zero_point = scale, zero_point
        self.qmin = -(2 ** (N_bits - 1)) if signed else 0
        self.qmax = self.qmin + 2**N_bits - 1

    def __call__(self, x):
        return torch.clamp(torch.round(x / self.scale) - self.zero_point, self.qmin, self.qmax)

    def inverse(self, codes):
        return (codes + self.zero_point) * self.scale

    def fit(self, x, method):
        fits = {
            "sym": self.fit_sym,
            "unsigned": self.fit_unsigned,
            "asym": self.fit_unsigned,
            "SAWB": self.fit_sawb,
            "heuristic": self.fit_heuristic,
        }
        if method not in fits:
            raise ValueError(f"methods: {', '.join(fits)}; not {method}")
        self.scale = fits[method](x)
        if float(self.scale) == 0:
            self.scale = torch.ones_like(x.sum())
        return self

    def fit_sym(self, x):
        return x.abs().max() / 2 ** (self.N_bits - 1)

    def fit_unsigned(self, x):
        return x.max().clamp(min=0) / (2**self.N_bits - 1)

    def fit_sawb(self, x):
        return get_scale(x, self.N_bits)

    def fit_heuristic(self, x):
        best, least = x.new_zeros(()), float("inf")
        for fraction in torch.linspace(0.005, 1.6, 400):
            self.scale = fraction * self.fit_sym(x)
            if self.scale == 0:
                break
            error = (self.inverse(self(x)) - x).square().mean()
            if error < least:
                best, least = self.scale, error
        return best


class SAWB:
    def __init__(self, N_bits):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"no coefficients for {N_bits} bits")
        self.N_bits = N_bits
        self.c1, self.c2 = SAWB_COEFFICIENTS[N_bits]

    def alpha(self, x):
        x = x.double()
        alpha = self.c1 * x.square().mean().sqrt() - self.c2 * x.abs().mean()
        return alpha if alpha > 0 else x.abs().max()


class Accumulator:
    """Exact integer products."""

    def __init__(self, operation):
        self.operation = operation

    def __call__(self, input, weight, *geometry):
        if not input.dtype == weight.dtype == torch.int32:
            raise TypeError("int32 operands, please")
        sums = self.operation(input.double(), weight.double(), None, *geometry)
        if (sums >= 2**31).any() or (sums < -(2**31)).any():
            raise OverflowError("a sum leaves int32")
        return sums.to(torch.int32)


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.quantizer = Quantizer(N_bits, signed, scale, zero_point)
        return ctx.quantizer(input)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.quantizer.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    return Quantizer(N_bits, signed, scale, zero_point)(input)


def linear_dequantize(input, scale, zero_point):
    return Quantizer(8, True, scale, zero_point).inverse(input)


def get_scale(input, N_bits=8):
    return (SAWB(N_bits).alpha(input.detach()) / 2 ** (N_bits - 1)).to(input.dtype)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    quantizer = Quantizer(N_bits).fit(input.detach(), method)
    return quantizer.scale, quantizer.zero_point


def integer_linear(input, weight):
    return Accumulator(torch.nn.functional.linear)(input, weight)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    return Accumulator(torch.conv2d)(input, weight, stride, padding, dilation, groups)


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    return rescale(integer_linear(input, weight), bias, input_scale * weight_scale)


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    sums = integer_conv2d(input, weight, stride, padding, dilation, groups)
    bias = None if bias is None else bias.view(-1, 1, 1)
    return rescale(sums, bias, input_scale * weight_scale)


def rescale(sums, bias, scale):
    return scale * (sums if bias is None else sums.long() + bias)


class Search:
    def __init__(self, evaluate, floor):
        self.evaluate, self.floor, self.results = evaluate, floor, {}

    def passes(self, bits):
        key = tuple(bits.items())
        if key not in self.results:
            self.results[key] = self.evaluate(dict(bits)) > self.floor
        return self.results[key]


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    search, widths = Search(evaluate, accuracy_floor), sorted(candidate_bits)
    bits = dict.fromkeys(layer_sizes, widths[-1])
    for width in widths:
        if search.passes(dict.fromkeys(layer_sizes, width)):
            bits = dict.fromkeys(layer_sizes, width)
            break
    else:
        return bits
    changed = True
    while changed and len(search.results) + len(layer_sizes) <= len(layer_sizes) * len(widths):
        changed = False
        for layer in layer_sizes:
            below = [w for w in widths if w < bits[layer]]
            if below and search.passes({**bits, layer: below[-1]}):
                bits[layer] = below[-1]
                changed = True
    return bits
