"""Fit the constants of SAWB for the grid of this assignment.

SAWB (Choi et al. 2019, equation (5) of the handout) predicts the clipping range of least mean
squared error from two moments: alpha = c1 * sqrt(E[x^2]) - c2 * E|x|. The pair (c1, c2) is the line
of least squares through the optimal ranges of a few distributions, so it belongs to one layout of
levels. Published pairs belong to other layouts; these are for -2^(b-1) .. 2^(b-1) - 1 and
s = alpha / 2^(b-1).

Every expectation is an integral of a density by Gauss's rule between the edges of the quantizer's
cells. Nothing is random, so every machine prints the same table. The search continues above
max |x|: on this grid the largest level is below alpha, and the best alpha of bounded data is above
their maximum.

    python -m authoring build sawb-constants          # all bit widths, a few seconds
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

WIDTHS = (2, 3, 4, 5, 6, 7, 8)
SMALLEST_RANGE = 0.5  # in standard deviations; the 2-bit optimum of every distribution is above 1
LARGEST_RANGE = 16.0  # likewise; the 8-bit optimum of the longest tail is at 7
CANDIDATES = 200  # ranges before the refinement, log-spaced
REFINEMENTS = 40  # golden-section steps; each leaves 0.618 of the interval
GOLDEN = (5**0.5 - 1) / 2
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)  # on (-1, 1), per piece
PIECES = 64  # of the whole support, besides the cells of the quantizer


@dataclass(frozen=True)
class Distribution:
    """A density symmetric about 0 on (-end, end), smooth on each side, in any unit and mass."""

    name: str
    density: Callable[[np.ndarray], np.ndarray]
    end: float

    def integrate(self, f: Callable[[np.ndarray], np.ndarray], kinks: np.ndarray) -> float:
        """Return the integral of f times the density, by Gauss's rule between the kinks of f."""
        edges = np.concatenate([np.linspace(-self.end, self.end, PIECES + 1), kinks])
        edges = np.unique(np.clip(edges, -self.end, self.end))
        centres, halves = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
        x = centres[:, None] + halves[:, None] * NODES
        return float(np.sum(halves[:, None] * WEIGHTS * self.density(x) * f(x)))

    def mean(self, f: Callable[[np.ndarray], np.ndarray], kinks: Sequence[float] = ()) -> float:
        """Return E f(x)."""
        edges = np.array(kinks, dtype=np.float64)
        return self.integrate(f, edges) / self.integrate(np.ones_like, edges)


DISTRIBUTIONS = (  # from bounded and flat to heavy-tailed
    Distribution("Gauss", lambda x: np.exp(-(x**2) / 2), 9.0),
    Distribution("Laplace", lambda x: np.exp(-np.abs(x)), 40.0),
    Distribution("uniform", np.ones_like, 1.0),
    Distribution("logistic", lambda x: 1 / np.cosh(x / 2) ** 2, 40.0),
    Distribution("triangular", lambda x: 1 - np.abs(x), 1.0),
    Distribution("von Mises", lambda x: np.exp(4 * np.cos(x)), np.pi),
)


@dataclass(frozen=True)
class Fit:
    """The pair for one bit width, its R^2, and the MSE above the optimum per distribution."""

    bits: int
    c1: float
    c2: float
    r_squared: float
    excess: dict[str, float]


def mean_squared_error(data: Distribution, alpha: float, bits: int) -> float:
    """Return E (x - x_hat)^2 on the grid of equation (1), signed, s = alpha / 2^(b-1), z = 0."""
    levels = 2 ** (bits - 1)
    scale = alpha / levels
    edges = scale * (np.arange(-levels, levels - 1) + 0.5)  # where the code changes

    def squared_error(x: np.ndarray) -> np.ndarray:
        return (x - scale * np.clip(np.rint(x / scale), -levels, levels - 1)) ** 2

    return data.mean(squared_error, edges)


def best_range(data: Distribution, bits: int, low: float, high: float) -> float:
    """Return the alpha of least error: all candidates, then golden sections around the best.

    The candidates are needed because the error has several local minima at 2 and 3 bits.
    """
    candidates = np.geomspace(low, high, CANDIDATES)
    errors = [mean_squared_error(data, alpha, bits) for alpha in candidates]
    best = int(np.argmin(errors))
    low, high = candidates[max(best - 1, 0)], candidates[min(best + 1, CANDIDATES - 1)]
    for _ in range(REFINEMENTS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if mean_squared_error(data, left, bits) < mean_squared_error(data, right, bits):
            high = right
        else:
            low = left
    return float((low + high) / 2)


def fit(bits: int) -> Fit:
    """Fit alpha = c1 - c2 E|x| by least squares, in units of the root mean square."""
    units = [data.mean(np.square) ** 0.5 for data in DISTRIBUTIONS]
    magnitudes = np.array(
        [data.mean(np.abs) / unit for data, unit in zip(DISTRIBUTIONS, units, strict=True)]
    )
    ranges = np.array(
        [
            best_range(data, bits, SMALLEST_RANGE * unit, min(2 * data.end, LARGEST_RANGE * unit))
            / unit
            for data, unit in zip(DISTRIBUTIONS, units, strict=True)
        ]
    )
    slope, intercept = np.polyfit(magnitudes, ranges, 1)
    predicted = intercept + slope * magnitudes
    unexplained = np.sum((ranges - predicted) ** 2) / np.sum((ranges - ranges.mean()) ** 2)
    excess = {
        data.name: mean_squared_error(data, guess * unit, bits)
        / mean_squared_error(data, best * unit, bits)
        - 1
        for data, unit, guess, best in zip(DISTRIBUTIONS, units, predicted, ranges, strict=True)
    }
    return Fit(bits, float(intercept), float(-slope), float(1 - unexplained), excess)


def table(fits: Sequence[Fit]) -> str:
    """Return one line per bit width: the constants as in solution.py, R^2, the excess MSE."""
    names = list(fits[0].excess)
    lines = ["bits      c1      c2    R^2   MSE above the optimum: " + ", ".join(names)]
    for row in fits:
        excess = "  ".join(f"{row.excess[name]:9.1%}" for name in names)
        lines.append(f"{row.bits:4}  {row.c1:6.3f}  {row.c2:6.3f}  {row.r_squared:.3f}  {excess}")
    return "\n".join(lines)


def print_sawb_constants() -> int:
    """Fit the constants of every bit width and print them; return the exit status."""
    print(table([fit(bits) for bits in WIDTHS]))
    return 0
