"""
differs = "a whole file with future annotations and shapes in the type hints"
whole = true
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from jaxtyping import Float

Real: TypeAlias = Annotated[Tensor, "float32|float64, any shape"]
Codes: TypeAlias = Annotated[Tensor, "int32"]
Scalar: TypeAlias = "Tensor | float"
Pair: TypeAlias = "int | tuple[int, int]"
Method = Literal["sym", "unsigned", "asym", "heuristic", "SAWB"]

SAWB_COEFFICIENTS: dict[int, tuple[float, float]] = {
    2: (4.765, 3.342),
    3: (8.411, 7.537),
    4: (12.907, 12.803),
    5: (17.786, 18.498),
    6: (22.920, 24.484),
    7: (28.164, 30.620),
    8: (33.426, 36.818),
}


def linear_quantize(
    input: Real, scale: Scalar, zero_point: Tensor | int, N_bits: int, signed: bool = True
) -> Real:
    lower: int = -(2 ** (N_bits - 1)) if signed else 0
    upper: int = lower + 2**N_bits - 1
    return (input / scale).round().sub(zero_point).clamp(lower, upper)


def linear_dequantize(input: Real, scale: Scalar, zero_point: Tensor | int) -> Real:
    return (input + zero_point) * scale


def get_scale(input: Real, N_bits: int = 8) -> Float[Tensor, ...]:
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"{N_bits=} has no coefficients")
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    x: Tensor = input.detach().double().abs()
    alpha: Tensor = c1 * x.square().mean().sqrt() - c2 * x.mean()
    return torch.where(alpha > 0, alpha, x.max()).div(2 ** (N_bits - 1)).to(input.dtype)


def reset_scale_and_zero_point(
    input: Real, N_bits: int = 4, method: Method = "sym"
) -> tuple[Float[Tensor, ...], int]:
    x: Tensor = input.detach()
    half: int = 2 ** (N_bits - 1)
    scale: Tensor
    if method == "sym":
        scale = x.abs().max() / half
    elif method in ("unsigned", "asym"):
        scale = x.max().clamp(min=0) / (2 * half - 1)
    elif method == "SAWB":
        scale = get_scale(x, N_bits)
    elif method == "heuristic":
        scale = _least_squares_scale(x, N_bits)
    else:
        raise ValueError(f"unknown {method=}")
    return torch.where(scale > 0, scale, 1.0), 0


def _least_squares_scale(x: Real, N_bits: int) -> Float[Tensor, ...]:
    def mse(scale: float) -> float:
        x_hat: Tensor = linear_dequantize(linear_quantize(x, scale, 0, N_bits), scale, 0)
        return F.mse_loss(x_hat, x).item()

    top: float = x.abs().max().item() / 2 ** (N_bits - 1)
    if top == 0.0:
        return x.new_zeros(())
    coarse: float = min((top * math.exp(k / 60) for k in range(-280, 42)), key=mse)
    fine: float = min((coarse * math.exp(k / 900) for k in range(-15, 16)), key=mse)
    return x.new_tensor(fine)


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        input: Real,
        scale: Scalar,
        zero_point: Tensor | int,
        N_bits: int,
        signed: bool = True,
    ) -> Real:
        ctx.scale = scale
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx: Any, grad_output: Real) -> tuple[Real, None, None, None, None]:
        return grad_output / ctx.scale, None, None, None, None


linear_quantize_STE: Callable[..., Real] = _quantize_func_STE.apply


def _require_int32(*tensors: Tensor) -> None:
    for tensor in tensors:
        if tensor.dtype != torch.int32:
            raise TypeError(f"int32 is needed, not {tensor.dtype}")


def _to_int32(sums: Annotated[Tensor, "int64"]) -> Codes:
    if sums.numel() and (sums.max() >= 2**31 or sums.min() < -(2**31)):
        raise OverflowError("a sum does not fit int32")
    return sums.to(torch.int32)


def integer_linear(
    input: Annotated[Codes, "... in"], weight: Annotated[Codes, "out in"]
) -> Annotated[Codes, "... out"]:
    _require_int32(input, weight)
    return _to_int32(input.long() @ weight.long().mT)


def integer_conv2d(
    input: Annotated[Codes, "N C H W"],
    weight: Annotated[Codes, "out C/groups kH kW"],
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Annotated[Codes, "N out H' W'"]:
    _require_int32(input, weight)
    x, w = input.double(), weight.double()
    return _to_int32(F.conv2d(x, w, None, stride, padding, dilation, groups).long())


def quantized_linear_function(
    input: Codes, weight: Codes, bias: Codes | None, input_scale: Scalar, weight_scale: Scalar
) -> Real:
    acc: Tensor = integer_linear(input, weight).long()
    return input_scale * weight_scale * (acc if bias is None else acc + bias)


def quantized_conv2d_function(
    input: Codes,
    weight: Codes,
    bias: Codes | None,
    input_scale: Scalar,
    weight_scale: Scalar,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Real:
    acc: Tensor = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
    return input_scale * weight_scale * (acc if bias is None else acc + bias[:, None, None])


def variable_precision_search(
    layer_sizes: Mapping[str, int],
    evaluate: Callable[[dict[str, int]], float],
    candidate_bits: Sequence[int] = (2, 3, 4, 5, 6, 7, 8),
    accuracy_floor: float = 85.0,
) -> dict[str, int]:
    widths: list[int] = sorted(candidate_bits)
    answer: dict[str, int] | None = None
    for width in widths:
        uniform: dict[str, int] = dict.fromkeys(layer_sizes, width)
        if evaluate(uniform.copy()) > accuracy_floor:
            answer = uniform
            break
    if answer is None:
        return dict.fromkeys(layer_sizes, widths[-1])
    # the narrowest width for the largest layer that still passes, then for the next
    for layer in sorted(layer_sizes, key=lambda name: layer_sizes[name], reverse=True):
        for width in [w for w in widths if w < answer[layer]]:
            trial: dict[str, int] = {**answer, layer: width}
            if evaluate(trial.copy()) > accuracy_floor:
                answer = trial
                break
    return answer
