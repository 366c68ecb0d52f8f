"""Find a simple relation between what a function returned and what was expected."""

from collections.abc import Mapping
from typing import Any

import numpy as np

NEAR = 2e-4  # relative; a few float32 operations in another order err by less


def constant_ratio(got: Any, expected: Any) -> float | None:
    """Return got / expected if it is the same for all elements that are not zero; else None."""
    g, e = np.asarray(got, np.float64).reshape(-1), np.asarray(expected, np.float64).reshape(-1)
    used = np.abs(e) > 1e-6 * np.max(np.abs(e), initial=0.0)
    if not used.any() or np.any(np.abs(g[~used]) > NEAR * np.max(np.abs(g), initial=0.0)):
        return None
    ratios = g[used] / e[used]
    middle = float(np.median(ratios))
    is_constant = np.all(np.abs(ratios - middle) <= NEAR * abs(middle))
    return middle if is_constant and middle != 0 else None


def constant_difference(got: Any, expected: Any) -> float | None:
    """Return got - expected if it is the same for all elements; else None."""
    g, e = np.asarray(got, np.float64).reshape(-1), np.asarray(expected, np.float64).reshape(-1)
    if not e.size:
        return None
    differences = g - e
    middle = float(np.median(differences))
    bound = NEAR * max(abs(middle), 1e-2 * float(np.max(np.abs(e))))
    return middle if np.all(np.abs(differences - middle) <= bound) and middle != 0 else None


def name_of(value: float | None, names: Mapping[str, float]) -> str:
    """Return the first name whose number is `value`, ""."""
    if value is None:
        return ""
    near = (name for name, number in names.items() if abs(value - number) <= NEAR * abs(number))
    return next(near, "")
