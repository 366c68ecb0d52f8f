"""Pass numbers through the student's estimator, forward and backward."""

from typing import Any

from torch import Tensor

from quantlab.errors import NoGradient
from quantlab.protocol.scale_forms import InAnyForm


def pass_estimator(solution: Any, x: Tensor, scale: Tensor | float, bits: int) -> Tensor:
    """Return `x`, quantized by the student's estimator and recovered, with its gradient.

    Args:
        solution: The student's module; what its functions raise passes through.
        x: float32, any shape, requires a gradient.
        scale: The scale of the signed codes.
        bits: Their width.

    Raises:
        NoGradient: The codes have no gradient, so nothing reaches `x`.
    """
    functions = InAnyForm(solution)
    codes = functions.linear_quantize_STE(x, scale, 0, bits)
    recovered: Tensor = functions.linear_dequantize(codes, scale, 0)
    if not recovered.requires_grad:
        dtype = f": it returns {codes.dtype}, expected {x.dtype}" if codes.dtype != x.dtype else ""
        raise NoGradient(f'No gradient passes linear_quantize_STE{dtype}. check("2a") shows more.')
    return recovered
