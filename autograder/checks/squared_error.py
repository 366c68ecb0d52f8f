"""Compute the mean squared error of a scale in float64, and the least error of any scale.

The search tries hundreds of scales. On sorted values every code is an interval, so one scale costs
a look-up per level instead of a pass over the data: sum (x - s k)^2 over an interval is S2 - 2 s k
S1 + n (s k)^2, with sums from prefix sums.
"""

import functools

import numpy as np

from autograder.checks.random_inputs import grid_range

# Fractions of twice the largest magnitude at which the search looks first. The error as a function
# of the scale has several minima at 2 and 3 bits, so the grid is dense before it is refined; and
# for bounded data the best clipping value is above the maximum.
COARSE = np.linspace(0.005, 1.0, 800)
REFINEMENTS = 3
REFINED_POINTS = 24


@functools.lru_cache(maxsize=32)
def best_scale(values: bytes, bits: int) -> tuple[float, float]:
    """Return `SquaredError.best` of the bytes of float32 values; results are cached."""
    return SquaredError(np.frombuffer(values, np.float32)).best(bits)


class SquaredError:
    """Compute the mean of (x - x_hat)^2 of fixed values, signed, z = 0; equations (1), (3)."""

    def __init__(self, values: np.ndarray) -> None:
        """Sort the values and compute their prefix sums."""
        self.values = np.sort(values.astype(np.float64), axis=None)
        self.sums = np.concatenate([[0.0], np.cumsum(self.values)])
        self.squares = np.concatenate([[0.0], np.cumsum(self.values**2)])

    def at(self, scale: float, bits: int) -> float:
        """Return the error at one scale."""
        low, high = grid_range(bits, signed=True)
        codes = np.arange(low, high + 1)
        inner = np.searchsorted(self.values, (codes[:-1] + 0.5) * scale)
        edges = np.concatenate([[0], inner, [self.values.size]])
        counts = np.diff(edges)
        sums, squares = np.diff(self.sums[edges]), np.diff(self.squares[edges])
        levels = scale * codes
        return float(np.sum(squares - 2 * levels * sums + counts * levels**2) / self.values.size)

    def least(self, bits: int) -> float:
        """Return the least error of any scale."""
        return self.best(bits)[1]

    def best(self, bits: int) -> tuple[float, float]:
        """Return the scale of least error and that error: a dense grid, then refinements."""
        widest = 2 * float(np.max(np.abs(self.values[[0, -1]]))) / 2 ** (bits - 1)
        scales = widest * COARSE
        best, least = float(scales[-1]), np.inf
        for _ in range(1 + REFINEMENTS):
            errors = [self.at(float(scale), bits) for scale in scales]
            lowest = int(np.argmin(errors))
            if errors[lowest] < least:
                best, least = float(scales[lowest]), errors[lowest]
            below, above = scales[max(0, lowest - 1)], scales[min(len(scales) - 1, lowest + 1)]
            scales = np.linspace(below, above, REFINED_POINTS)
        return best, least
