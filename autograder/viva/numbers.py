"""Numbers as they are printed on a sheet: few values, four digits."""

import math
from typing import Any

import numpy as np

MOST_VALUES = 16
DIGITS = 4


def values(result: Any) -> np.ndarray | None:
    """Return a result as float64 values; None if it is not a few finite numbers.

    The scale and zero point of a pair become an array of two.
    """
    if isinstance(result, tuple | list):
        parts = [values(part) for part in result]
        if not parts or any(part is None or part.size != 1 for part in parts):
            return None
        return np.array([float(part.reshape(())) for part in parts if part is not None])
    if not isinstance(result, np.ndarray | int | float) or isinstance(result, bool):
        return None
    array = np.asarray(result)
    if array.dtype.kind not in "iuf" or not 0 < array.size <= MOST_VALUES:
        return None
    array = array.astype(np.float64)
    return array if np.isfinite(array).all() else None


def show(numbers: np.ndarray | float) -> str:
    """Return numbers as a list: `[0.35, -1.2]`; nested as the array is.

    Examples:
        >>> show(np.array([[1.0, 2.0], [0.33333333, -4.0]]))
        '[[1, 2], [0.3333, -4]]'
    """
    array = np.asarray(numbers, np.float64)
    if array.ndim == 0:
        return show_number(float(array))
    return f"[{', '.join(show(part) for part in array)}]"


def show_number(number: float) -> str:
    """Return a number with four digits, whole numbers with all of theirs; "inf" and "nan" too."""
    if math.isfinite(number) and number == int(number) and abs(number) < 1e15:
        return f"{int(number):d}"
    return f"{number:.{DIGITS}g}"
