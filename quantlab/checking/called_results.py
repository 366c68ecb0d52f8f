"""Judge the codes that a search gets from the student's own quantizer, whatever scale it tries.

No correct result is stored for these calls. A code is right if no other code of its range recovers
a nearer number: equations (1) to (3), read as a condition.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from quantlab.protocol.parameters import PARAMETERS

NEAR = 1e-3  # steps: float32 quotients of codes up to 255, and ties


def is_right(function: str, arguments: Sequence[Any], result: Any) -> bool | None:
    """Return whether a function returned what the equations require; None if it is not known.

    Args:
        function: The name of a function of solution.py.
        arguments: All arguments, in the order of the signature.
        result: What it returned.
    """
    if function not in _RULES or len(arguments) != len(PARAMETERS[function]):
        return None
    before, *others, after = [_number(value) for value in (*arguments, result)]
    if before is None or after is None or any(np.size(value) != 1 for value in others):
        return None
    if before.shape != after.shape:
        return False
    with np.errstate(all="ignore"):
        return _RULES[function](before, *(float(value) for value in others), after)


def _has_nearest_codes(
    x: np.ndarray, scale: float, zero_point: float, bits: float, signed: float, codes: np.ndarray
) -> bool:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if np.any((codes < low) | (codes > high) | (codes % 1 != 0)):
        return False
    steps = x / scale - zero_point - codes  # what is left over, at most half a step inside
    is_nearest = np.abs(steps) <= 0.5 + NEAR
    return bool(
        np.all(is_nearest | ((codes == low) & (steps < 0)) | ((codes == high) & (steps > 0)))
    )


def _is_recovered(
    codes: np.ndarray, scale: float, zero_point: float, recovered: np.ndarray
) -> bool:
    return bool(np.all(np.abs(recovered / scale - (codes + zero_point)) <= NEAR))


_RULES: Mapping[str, Callable[..., bool]] = {
    "linear_quantize": _has_nearest_codes,
    "linear_dequantize": _is_recovered,
}


def _number(value: Any) -> Any:
    """Return a real tensor or number as float64; None for anything else."""
    if isinstance(value, torch.Tensor) and not value.is_complex():
        return value.detach().cpu().double().numpy()
    return np.asarray(value, np.float64) if isinstance(value, (bool, int, float)) else None
