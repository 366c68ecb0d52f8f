"""Exact integer linear layers and convolutions at floating-point speed.

`integer_linear` and `integer_conv2d` have the student's signatures: int32 in, exact int32 out. No
library has fast int32 convolutions (CUDA has none), so the integers are computed in floating
point. A bound selects the arithmetic and proves that nothing is rounded:

    B = max over outputs of sum |w|  *  max |x|

Every product, and every partial sum of any subset of the products of one output, is an integer of
magnitude at most B. All integers up to 2^24 are float32 numbers and all up to 2^53 are float64
numbers. While B is at most that, each addition is exact, for every order of summation, blocking and
number of threads, with products and sums fused or not. Padding adds zeros and changes nothing. The
bound does not cover algorithms that sum other terms than these products, such as Winograd's or an
FFT. Hence:

* 8-bit instructions, for convolutions of bytes on processors that have exact ones
  (`quantlab.arithmetic.int8_kernels`); the sums are float32, so B <= 2^24 again.
* float32, for B <= 2^24: only on x86 processors, where oneDNN convolves directly (PyTorch requests
  nothing else), and only for codes of at most 2^8 in magnitude. bfloat16 and TF32 hold these as
  well: a process that allows them for float32 operands changes no result.
* float64, for B <= 2^53: unfolded patches times weights, a plain matrix product, so neither cuDNN
  nor NNPACK chooses an algorithm. CUDA always uses this.
* beyond: both operands are split into digits of 16 (or 8) bits, the products of digits are summed
  in float64 and recombined in int64.

`accumulate_linear` and `accumulate_conv2d` are the second and third for codes in floating-point
tensors, without a check of the codes and without conversion to int32.

Raises `TypeError` for tensors that are not int32, `ValueError` for shapes, strides and devices that
do not match, and `OverflowError` if a result does not fit in int32 (or, for the accumulate
functions, if B exceeds 2^53). No function returns a wrong or a wrapped integer.
"""

import math
import platform
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from quantlab.arithmetic.exact_convolution import ExactConvolution, IntOrPair, as_pair
from quantlab.arithmetic.int8_kernels import SIGNED, UNSIGNED, PackedConvolution, is_exact

Product = Callable[[Tensor, Tensor], Tensor]  # (codes, weight codes) -> accumulators

FLOAT32_INTEGERS = 2**24  # every integer up to here is a float32 number
FLOAT64_INTEGERS = 2**53
SHORT_OPERANDS = 2**8  # every integer up to here is a bfloat16 (and a TF32) number
INT32 = torch.iinfo(torch.int32)
X86 = ("x86_64", "amd64")


def integer_linear(input: Tensor, weight: Tensor) -> Tensor:
    """Return `input @ weight.T`, exact: the integer part of equation (6).

    Args:
        input: int32 (..., in).
        weight: int32 (out, in).

    Returns:
        int32 (..., out).

    Raises:
        TypeError: A tensor is not int32.
        ValueError: The shapes or devices do not match.
        OverflowError: A result does not fit in int32.

    Examples:
        >>> import torch
        >>> input = torch.tensor([[1, 2]], dtype=torch.int32)
        >>> weight = torch.tensor([[3, 4], [-1, 0]], dtype=torch.int32)
        >>> integer_linear(input, weight)
        tensor([[11, -1]], dtype=torch.int32)
    """
    _check_operands("integer_linear", input, weight)
    if weight.ndim != 2 or input.ndim < 1 or input.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"integer_linear: expected an input (..., in) and a weight (out, in), got "
            f"{tuple(input.shape)} and {tuple(weight.shape)}. Make the last sizes equal."
        )
    return _exact_int32("integer_linear", input, weight, F.linear)


def integer_conv2d(
    input: Tensor,
    weight: Tensor,
    stride: IntOrPair = 1,
    padding: IntOrPair | str = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of integers, exact: the integer part of equation (6).

    The other arguments are those of `torch.nn.functional.conv2d`; padding is the code 0.

    Args:
        input: int32 (N, C, H, W).
        weight: int32 (out, C / groups, kH, kW).
        stride: One number or a pair.
        padding: One number, a pair, "same" or "valid".
        dilation: One number or a pair.
        groups: Divides C and out.

    Returns:
        int32 (N, out, H', W').

    Raises:
        TypeError: A tensor is not int32.
        ValueError: The shapes, devices or other arguments do not match.
        OverflowError: A result does not fit in int32.
    """
    _check_operands("integer_conv2d", input, weight)
    if input.ndim != 4 or weight.ndim != 4 or 0 in (*input.shape[1:], *weight.shape):
        raise ValueError(
            "integer_conv2d: expected an input (N, C, H, W) and a weight (out, C / groups, kH, "
            f"kW), neither empty, got {tuple(input.shape)} and {tuple(weight.shape)}."
        )
    try:  # torch's own rules, on a batch of no images
        if min(as_pair(dilation)) < 1:  # torch does not check this for an empty batch
            raise ValueError("the dilation is at least 1")
        F.conv2d(
            torch.empty(0, *input.shape[1:]),
            torch.empty(weight.shape),
            None,
            stride,
            padding,
            dilation,
            groups,
        )
    except (RuntimeError, ValueError, TypeError, ZeroDivisionError) as error:
        raise ValueError(
            f"integer_conv2d cannot convolve {tuple(input.shape)} with {tuple(weight.shape)} at "
            f"stride {stride}, padding {padding}, dilation {dilation} and groups {groups} "
            f"({str(error).splitlines()[0].rstrip('.')}): correct the one that does not match."
        ) from None
    product = ExactConvolution(stride, padding, dilation, groups)
    sums = _by_bytes(input, weight, product)
    return _exact_int32("integer_conv2d", input, weight, product) if sums is None else sums


@torch.no_grad()
def accumulate_linear(codes: Tensor, weight_codes: Tensor, max_code: int) -> Tensor:
    """Return the accumulators of `integer_linear` for integers in floating-point tensors.

    Args:
        codes: (..., in), integers in float32 or float64.
        weight_codes: (out, in), likewise.
        max_code: A bound of |codes|: 2**b - 1 for b unsigned bits, 2**(b-1) for signed ones.

    Returns:
        Exact integers (..., out) in float32 or float64, by the bound.

    Raises:
        OverflowError: The bound exceeds 2^53.
    """
    dtype = sufficient_float(codes.device, weight_codes, max_code)
    return _in_float("accumulate_linear", codes, weight_codes, F.linear, dtype)


@torch.no_grad()
def accumulate_conv2d(
    codes: Tensor,
    weight_codes: Tensor,
    max_code: int,
    stride: IntOrPair = 1,
    padding: IntOrPair | str = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Tensor:
    """Return the accumulators of `integer_conv2d` for integers in floating-point tensors.

    `codes` (N, C, H, W) and `weight_codes` (out, C / groups, kH, kW) as in `accumulate_linear`;
    channels_last codes save a copy.

    Returns:
        Exact integers (N, out, H', W') in float32 or float64.

    Raises:
        OverflowError: The bound exceeds 2^53.
    """
    dtype = sufficient_float(codes.device, weight_codes, max_code)
    product = ExactConvolution(stride, padding, dilation, groups)
    return _in_float("accumulate_conv2d", codes, weight_codes, product, dtype)


def _check_operands(name: str, input: Tensor, weight: Tensor) -> None:
    for role, tensor in (("input", input), ("weight", weight)):
        kind = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
        if kind != torch.int32:
            raise TypeError(
                f"{name}: expected the {role} as an int32 tensor, got {kind}. Convert the codes "
                "with .to(torch.int32) first."
            )
    if input.device != weight.device or input.device.type not in ("cpu", "cuda"):
        raise ValueError(
            f"{name}: expected both tensors on the CPU or on one CUDA device, got the input on "
            f"{input.device} and the weight on {weight.device}. Move them first."
        )


def sufficient_float(device: torch.device, weight: Tensor, max_code: int) -> torch.dtype | None:
    """Return torch.float32 or torch.float64, the cheaper that is proved exact, or None.

    The bound is that of the module docstring, for integer `weight` (out, ...) in any dtype and
    codes of magnitude at most `max_code`.
    """
    if weight.numel() == 0:
        return torch.float64
    magnitudes = weight.to(torch.int64).abs()  # int64: -(-2**31) does not fit in int32
    bound = int(magnitudes.flatten(1).sum(1).max()) * max_code
    short = max(max_code, int(magnitudes.max())) <= SHORT_OPERANDS
    if bound <= FLOAT32_INTEGERS and short and device.type == "cpu" and _convolves_directly():
        return torch.float32
    return torch.float64 if bound <= FLOAT64_INTEGERS else None


def _convolves_directly() -> bool:
    """Return whether float32 convolutions on this CPU sum only products of codes and weights."""
    return platform.machine().lower() in X86 and torch.backends.mkldnn.is_available()


def _in_float(
    name: str, codes: Tensor, weight: Tensor, product: Product, dtype: torch.dtype | None
) -> Tensor:
    if dtype is None:
        raise OverflowError(
            f"{name}: the accumulators of a weight of shape {tuple(weight.shape)} may exceed 2^53. "
            "Use fewer bits."
        )
    return _multiply(product, codes, weight, dtype)


def _multiply(product: Product, codes: Tensor, weight: Tensor, dtype: torch.dtype) -> Tensor:
    with torch.autocast(codes.device.type, enabled=False):  # it would round to bfloat16
        return product(codes.to(dtype), weight.to(dtype))


def _exact_int32(name: str, input: Tensor, weight: Tensor, product: Product) -> Tensor:
    max_code = _magnitude(input)
    dtype = sufficient_float(input.device, weight, max_code)
    if dtype is None:
        sums = _by_digits(name, input, weight, product)
    else:
        sums = _multiply(product, input, weight, dtype)
    if sums.numel():
        low, high = (value.item() for value in sums.aminmax())
        if low < INT32.min or high > INT32.max:
            raise _overflow(name)
    return sums.to(torch.int32)


def _magnitude(codes: Tensor) -> int:
    if codes.numel() == 0:
        return 0
    low, high = (int(value) for value in codes.aminmax())
    return max(-low, high)


def _overflow(name: str) -> OverflowError:
    return OverflowError(
        f"A result of {name} does not fit in int32 ({INT32.min} to {INT32.max}): use fewer bits or "
        "fewer inputs per output."
    )


def _by_bytes(input: Tensor, weight: Tensor, convolution: "ExactConvolution") -> Tensor | None:
    """Return int32 sums by 8-bit instructions, or None if those are not exact."""
    if input.device.type != "cpu" or input.numel() == 0 or isinstance(convolution.padding, str):
        return None
    (low, high), (lowest, highest) = (
        (int(value) for value in codes.aminmax()) for codes in (input, weight)
    )
    if not (low in UNSIGNED and high in UNSIGNED and lowest in SIGNED and highest in SIGNED):
        return None
    bound = int(weight.abs().flatten(1).sum(1).max()) * high
    if bound > FLOAT32_INTEGERS or not is_exact():
        return None
    packed = PackedConvolution(
        weight,
        as_pair(convolution.stride),
        as_pair(convolution.padding),
        as_pair(convolution.dilation),
        convolution.groups,
    )
    # In this order: converting int32 to channels_last bytes in one step takes three times as long.
    codes = input.to(torch.uint8).contiguous(memory_format=torch.channels_last)
    return packed(codes).to(torch.int32)


def _by_digits(name: str, input: Tensor, weight: Tensor, product: Product) -> Tensor:
    """Return int64 sums from float64 products of digits, for operands of any size.

    With x = sum_i x_i 2^(wi) and w likewise, sum x w = sum_ij 2^(w(i+j)) sum x_i w_j, and a
    product of two digits is at most 2^(2w). The int64 sum may wrap around; it is correct modulo
    2^64. The float64 estimate, whose error is far below 2^62, shows whether the true sum fits.
    """
    terms = math.prod(weight.shape[1:])
    width = 16 if terms * 2**32 <= FLOAT64_INTEGERS else 8
    exact = torch.zeros((), dtype=torch.int64, device=input.device)
    estimate = torch.zeros((), dtype=torch.float64, device=input.device)
    for i, codes in enumerate(_digits(input, width)):
        for j, weights in enumerate(_digits(weight, width)):
            part = product(codes, weights)  # float64, which no setting rounds further
            shift = width * (i + j)
            exact = exact + (part.long() << shift)
            estimate = estimate + part * 2.0**shift
    if (estimate.abs() > 2**62).any():
        raise _overflow(name)
    return exact


def _digits(codes: Tensor, width: int) -> list[Tensor]:
    """Return the float64 digits of int32 codes, in [0, 2^width), the last one signed."""
    digits = []
    for _ in range(32 // width - 1):
        digits.append((codes & (2**width - 1)).double())
        codes = codes >> width  # arithmetic shift: rounds down and keeps the sign
    return [*digits, codes.double()]
