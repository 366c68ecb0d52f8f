"""Assignment: Quantization of neural networks. This is the file that you complete and hand in.

Every function to write raises NotImplementedError with the question it belongs to; replace that
line by your code. Keep the names and the arguments: the notebook, the trainer and the autograder
call them. You may add helper functions and import from torch and Python's standard library, but
this file must work by itself. Equation numbers are those of the handout.

Words used below:

    scale       s, a positive number: the width of one step of the grid
    zero point  z, an integer: 0 in everything that this assignment asks for
    codes       x_int, the integers that stand for real numbers
    N_bits      b, the number of bits of a code
"""

### BEGIN SOLUTION
# The master copy. `python -m instructor.stub` writes the student's file from it: what stands
# between the markers becomes a NotImplementedError, or disappears where no function is around it.
### END SOLUTION

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

# c1 and c2 of equation (5) for each bit width, fitted for the grid of this assignment (signed,
# s = alpha / 2^(b-1)). Pairs from papers belong to other grids.
SAWB_COEFFICIENTS = {
    2: (4.765, 3.342),
    3: (8.411, 7.537),
    4: (12.907, 12.803),
    5: (17.786, 18.498),
    6: (22.920, 24.484),
    7: (28.164, 30.620),
    8: (33.426, 36.818),
}


# ------------------------------------------------------------------------ Question 1a: calibration


def linear_quantize(
    input: Tensor, scale: Tensor | float, zero_point: Tensor | int, N_bits: int, signed: bool = True
) -> Tensor:
    """The codes of `input`: equation (1), with the limits L and U for signed or unsigned codes.

    input:   real numbers, float32 or float64, any shape, any device
    returns: integers of the same shape, *held in the dtype of the input* (so that gradients can
             pass; whoever needs int32 converts)

    The input itself stays as it is.
    """
    ### BEGIN SOLUTION
    lowest, highest = _limits(N_bits, signed)
    return torch.clamp(torch.round(input / scale) - zero_point, lowest, highest)
    ### END SOLUTION


### BEGIN SOLUTION
def _limits(N_bits: int, signed: bool) -> tuple[int, int]:
    """(L, U) of equation (1)."""
    if signed:
        return -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
    return 0, 2**N_bits - 1


### END SOLUTION
def linear_dequantize(input: Tensor, scale: Tensor | float, zero_point: Tensor | int) -> Tensor:
    """The real numbers that codes stand for: equation (3).

    input:   codes as `linear_quantize` gives them, any shape
    returns: real numbers of the same shape and dtype
    """
    ### BEGIN SOLUTION
    return scale * (input + zero_point)
    ### END SOLUTION


def get_scale(input: Tensor, N_bits: int = 8) -> Tensor:
    """The step of SAWB for signed codes of N_bits: equation (5) and s = alpha / 2^(b-1).

    input:   real numbers, float32 or float64, any shape; E is the mean over all of them
    returns: the scale, a tensor without dimensions of the input's dtype, on its device

    Use SAWB_COEFFICIENTS. For data of nearly constant magnitude alpha comes out negative or zero,
    which is no range: use max |x| as alpha then. Raise ValueError for widths without coefficients.
    """
    ### BEGIN SOLUTION
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(
            f"SAWB has no coefficients for {N_bits} bits; choose from {list(SAWB_COEFFICIENTS)}."
        )
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    magnitudes = input.detach().double().abs()  # float32 sums of many elements lose digits
    alpha = c1 * magnitudes.square().mean().sqrt() - c2 * magnitudes.mean()
    if alpha <= 0:
        alpha = magnitudes.max()
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)
    ### END SOLUTION


def reset_scale_and_zero_point(
    input: Tensor, N_bits: int = 4, method: str = "sym"
) -> tuple[Tensor, int]:
    """Scale and zero point for `input` by one of these methods; the zero point is always 0.

    "sym"        signed codes, s = max |x| / 2^(b-1)
    "unsigned"   unsigned codes 0 .. 2^b - 1 for numbers that are not negative: the largest number
                 becomes the largest code, and nothing is off by more than s / 2 ("asym" means the
                 same here)
    "heuristic"  signed codes, the s of least mean squared error, equation (4), found by search.
                 The error has more than one local minimum, and the best range may lie beyond
                 max |x|. Within 0.1 % of the least error is good; 100,000 elements should take
                 less than half a second.
    "SAWB"       signed codes, `get_scale`

    input:   real numbers, float32 or float64, any shape
    returns: (scale, 0), where the scale is a tensor without dimensions of the input's dtype, on
             its device, and positive: for an input of zeros it is 1

    Raise ValueError for another method.
    """
    ### BEGIN SOLUTION
    data = input.detach()
    if method == "sym":
        scale = data.abs().max() / 2 ** (N_bits - 1)
    elif method in ("unsigned", "asym"):
        scale = data.max().clamp(min=0) / (2**N_bits - 1)
    elif method == "heuristic":
        scale = _scale_of_least_error(data, N_bits)
    elif method == "SAWB":
        scale = get_scale(data, N_bits)
    else:
        raise ValueError(
            f'There is no method {method!r}: choose "sym", "unsigned", "heuristic" or "SAWB".'
        )
    return (scale if scale != 0 else torch.ones_like(scale)), 0
    ### END SOLUTION


### BEGIN SOLUTION
COARSE_CANDIDATES = 100  # closer together than the local minima of the error at 2 and 3 bits
REFINEMENTS = 2  # rounds between the neighbours of the best candidate
FINE_CANDIDATES = 21


def _scale_of_least_error(data: Tensor, N_bits: int) -> Tensor:
    """Equation (4): every candidate between 0.2 RMS and 2 max |x|, then again around the best."""
    low = 0.2 * float(data.double().square().mean().sqrt()) / 2 ** (N_bits - 1)
    high = 2.0 * float(data.abs().max()) / 2 ** (N_bits - 1)
    if high == 0:
        return torch.zeros_like(data.sum())
    best = math.nan
    for count in (COARSE_CANDIDATES, *[FINE_CANDIDATES] * REFINEMENTS):
        step = (high / low) ** (1 / (count - 1))
        best = min(
            (low * step**k for k in range(count)),
            key=lambda scale: _mean_squared_error(data, scale, N_bits),
        )
        low, high = best / step, best * step
    return torch.tensor(best, dtype=data.dtype, device=data.device)


def _mean_squared_error(data: Tensor, scale: float, N_bits: int) -> float:
    recovered = linear_dequantize(linear_quantize(data, scale, 0, N_bits), scale, 0)
    return float((data - recovered).square().mean(dtype=torch.float64))


### END SOLUTION
# ------------------------------------------------- Question 2a: the straight-through estimator


class _quantize_func_STE(torch.autograd.Function):
    """`linear_quantize` with a gradient.

    Rounding has gradient 0 almost everywhere, so nothing in front of it could be trained. The
    straight-through estimator says: quantization *followed by recovery*,
    `linear_dequantize(linear_quantize_STE(x, s, z, b), s, z)`, counts as the identity, for every
    element, clipped or not. The forward pass here is the first half of that pair only; think
    about what the second half does to a gradient on its way back.
    """

    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        scale: Tensor | float,
        zero_point: Tensor | int,
        N_bits: int,
        signed: bool = True,
    ) -> Tensor:
        """The codes, exactly those of `linear_quantize`; keep in `ctx` what backward needs."""
        ### BEGIN SOLUTION
        ctx.scale = scale
        return linear_quantize(input, scale, zero_point, N_bits, signed)
        ### END SOLUTION

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        """The gradient for each argument of forward, in their order; None where there is none.

        grad_output: the gradient of the loss with respect to the codes, same shape
        """
        ### BEGIN SOLUTION
        # linear_dequantize multiplies the gradient by the scale
        return grad_output / ctx.scale, None, None, None, None
        ### END SOLUTION


linear_quantize_STE = _quantize_func_STE.apply


# --------------------------------------------------------------- Question 2b: integer-only layers


def integer_linear(input: Tensor, weight: Tensor) -> Tensor:
    """The sums of products of a fully connected layer, in integers: `input @ weight.T`.

    input:   int32 (..., in)
    weight:  int32 (out, in)
    returns: int32 (..., out), on the same device, *exact*

    Raise TypeError for other dtypes and OverflowError when a result does not fit int32. A CUDA
    device multiplies no int32 matrices: which floating-point type holds all your integers
    exactly, and up to which sum?
    """
    ### BEGIN SOLUTION
    _check_int32("integer_linear", input, weight)
    return _exact_sums("integer_linear", F.linear, input, weight)
    ### END SOLUTION


def integer_conv2d(
    input: Tensor,
    weight: Tensor,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | str = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> Tensor:
    """The sums of products of a convolution, in integers.

    input:   int32 (N, C, H, W)
    weight:  int32 (out, C / groups, kH, kW)
    returns: int32 (N, out, H', W'), on the same device, *exact*

    The other arguments are those of torch.nn.functional.conv2d; the padding is the code 0. Errors
    as in `integer_linear`.
    """
    ### BEGIN SOLUTION
    _check_int32("integer_conv2d", input, weight)

    def convolve(codes: Tensor, weights: Tensor) -> Tensor:
        # cuDNN may choose an algorithm that is no plain sum of products
        with torch.backends.cudnn.flags(enabled=False):
            return F.conv2d(codes, weights, None, stride, padding, dilation, groups)

    return _exact_sums("integer_conv2d", convolve, input, weight)
    ### END SOLUTION


### BEGIN SOLUTION
def _check_int32(name: str, input: Tensor, weight: Tensor) -> None:
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError(
            f"{name} takes int32 tensors, but got {input.dtype} and {weight.dtype}: convert the "
            "codes with .to(torch.int32)."
        )


def _exact_sums(
    name: str, product: Callable[[Tensor, Tensor], Tensor], input: Tensor, weight: Tensor
) -> Tensor:
    """`product(input, weight)`, exact, through float64, which holds every integer up to 2^53.

    While (products per sum) * max |x| * max |w| stays below that, so does every partial sum, and
    none is rounded. Otherwise both operands are cut into 16-bit halves, x = 2^16 x_high + x_low,
    whose products are at most 2^32: exact for up to 2^21 products per sum.
    """
    terms = weight[0].numel()
    largest = [
        float(codes.double().abs().max()) if codes.numel() else 0.0 for codes in (input, weight)
    ]
    if terms * largest[0] * largest[1] <= 2**53:
        sums = product(input.double(), weight.double()).long()
        fits = (sums >= -(2**31)) & (sums < 2**31)
    else:
        (x_high, x_low), (w_high, w_low) = (
            ((codes >> 16).double(), (codes & 0xFFFF).double()) for codes in (input, weight)
        )
        low = product(x_low, w_low).long()
        middle = product(x_high, w_low).long() + product(x_low, w_high).long() + (low >> 16)
        high = product(x_high, w_high).long() + (middle >> 16)
        sums = ((middle & 0xFFFF) << 16) + (low & 0xFFFF)  # the last 32 bits, 0 .. 2^32 - 1
        sums = torch.where(sums < 2**31, sums, sums - 2**32)
        fits = high == sums >> 32  # the bits before them only repeat the sign
    if not fits.all():
        raise OverflowError(f"A result of {name} does not fit int32: use fewer bits.")
    return sums.to(torch.int32)


### END SOLUTION
def quantized_linear_function(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    input_scale: Tensor | float,
    weight_scale: Tensor | float,
) -> Tensor:
    """A fully connected layer on integers: equation (6).

    input, weight: int32 codes, as in `integer_linear`
    bias:          int32 codes (out,) whose scale is s_x s_w, or None
    input_scale, weight_scale: s_x and s_w
    returns:       the real outputs y, floating point (..., out)

    Of torch's and your functions only `integer_linear` may multiply inputs by weights.
    """
    ### BEGIN SOLUTION
    sums = integer_linear(input, weight).long()  # int64: the bias may take them out of int32
    if bias is not None:
        sums = sums + bias
    return input_scale * weight_scale * sums
    ### END SOLUTION


def quantized_conv2d_function(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    input_scale: Tensor | float,
    weight_scale: Tensor | float,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | str = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> Tensor:
    """A convolution on integers: equation (6).

    input, weight: int32 codes, as in `integer_conv2d`
    bias:          int32 codes (out,), one per output channel, whose scale is s_x s_w, or None
    returns:       the real outputs y, floating point (N, out, H', W')

    Of torch's and your functions only `integer_conv2d` may multiply inputs by weights.
    """
    ### BEGIN SOLUTION
    sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
    if bias is not None:
        sums = sums + bias.view(-1, 1, 1)
    return input_scale * weight_scale * sums
    ### END SOLUTION


# ----------------------------------------------------------------- Question 3: variable precision


def variable_precision_search(
    layer_sizes: Mapping[str, int],
    evaluate: Callable[[dict[str, int]], float],
    candidate_bits: Sequence[int] = (2, 3, 4, 5, 6, 7, 8),
    accuracy_floor: float = 85.0,
) -> dict[str, int]:
    """A bit width for the weights of each layer: a small model above the accuracy floor.

    layer_sizes:    the number of weights of each layer
    evaluate:       evaluate({layer: bits}) gives the accuracy in percent of the network with all
                    its layers at these widths; each call costs a run over the test images
    candidate_bits: the widths to choose from
    returns:        {layer: bits} for every layer, as small as you can make sum(size * bits)

    What you return must have been evaluated *above* accuracy_floor (equal is not above), and be no
    larger than the best model that has one width everywhere. If even the widest model is not above
    the floor, return the widest. Use at most 2 * len(layer_sizes) * len(candidate_bits) calls of
    `evaluate`, and nothing random: the same accuracies give the same widths.
    """
    ### BEGIN SOLUTION
    layers, widths = list(layer_sizes), sorted(set(candidate_bits))
    budget = 2 * len(layers) * len(candidate_bits)
    known: dict[tuple[int, ...], float] = {}

    def accuracy(bits: dict[str, int]) -> float:
        key = tuple(bits[layer] for layer in layers)
        if key not in known:
            known[key] = evaluate(dict(bits)) if len(known) < budget else -math.inf
        return known[key]

    def passes(bits: dict[str, int]) -> bool:
        return accuracy(bits) > accuracy_floor

    def size(bits: dict[str, int]) -> int:
        return sum(layer_sizes[layer] * bits[layer] for layer in layers)

    # One width everywhere: the smallest that passes is what the answer must not exceed.
    uniform = [dict.fromkeys(layers, width) for width in widths]
    best = next((bits for bits in uniform if passes(bits)), None)
    widest = uniform[-1]
    if best is None:
        return widest
    if best is uniform[0]:
        return best
    # What each layer loses alone, and the path from the widest to the narrowest model that always
    # takes the step of least loss per bit saved. Somewhere on it the accuracy falls to the floor.
    if passes(widest):
        loss = {
            (layer, width): accuracy(widest) - accuracy({**widest, layer: width})
            for layer in layers
            for width in widths
        }
        path = _cheapest_steps(layer_sizes, widths, loss)
        passing, failing = 0, len(path)
        while failing - passing > 1:
            middle = (passing + failing) // 2
            passing, failing = (middle, failing) if passes(path[middle]) else (passing, middle)
        best = min(best, path[passing], key=size)
    # Last, one width less for one layer at a time, those with the most weights first.
    for layer in sorted(layers, key=lambda layer: -layer_sizes[layer]):
        for width in reversed([width for width in widths if width < best[layer]]):
            if not passes({**best, layer: width}):
                break
            best = {**best, layer: width}
    return best
    ### END SOLUTION


### BEGIN SOLUTION
def _cheapest_steps(
    layer_sizes: Mapping[str, int],
    widths: Sequence[int],
    loss: Mapping[tuple[str, int], float],
) -> list[dict[str, int]]:
    """Models from all-widest to all-narrowest, each a step of least predicted loss per bit saved.

    Losses are taken to add up over the layers.
    """
    bits = dict.fromkeys(layer_sizes, widths[-1])
    path = [bits]
    while steps := [
        (
            (loss[layer, width] - loss[layer, bits[layer]]) / (size * (bits[layer] - width)),
            layer,
            width,
        )
        for layer, size in layer_sizes.items()
        for width in widths
        if width < bits[layer]
    ]:
        _, layer, width = min(steps, key=lambda step: step[0])
        bits = {**bits, layer: width}
        path.append(bits)
    return path


### END SOLUTION
