"""Draw random inputs for checks that separate right from wrong and never lie near a tie.

Ties may be rounded either way. So every real input lies at most 0.4 steps from a grid point: no
correct answer depends on how halves are rounded or on the last bit of a division.
"""

import numpy as np
from numpy.random import Generator

FARTHEST_FROM_GRID = 0.4  # steps; 0.5 would be a tie


def grid_range(bits: int, signed: bool) -> tuple[int, int]:
    """Return the integer limits (L, U) of the handout, below equation (1)."""
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def step(rng: Generator) -> np.ndarray:
    """Return a scale, float32 and 0-d, that is not a power of two."""
    return np.array(rng.uniform(0.03, 0.2), np.float32)


def near_grid(
    rng: Generator,
    shape: tuple[int, ...],
    scale: np.ndarray,
    bits: int,
    signed: bool,
    zero_point: int = 0,
) -> np.ndarray:
    """Return float32 values whose codes exceed both ends of the grid by about a quarter of it.

    Both ends, one step inside and one step outside them are always among the values.
    """
    low, high = (limit + zero_point for limit in grid_range(bits, signed))
    margin = max(2, (high - low) // 4)
    codes = rng.integers(low - margin, high + margin + 1, shape)
    edges = np.array([low - 1, low, low + 1, high - 1, high, high + 1, low - margin, high + margin])
    flat = codes.reshape(-1)
    flat[rng.choice(flat.size, min(edges.size, flat.size), replace=False)] = edges[: flat.size]
    # Away from the grid point by at least 0.1 steps, so that floor and ceil differ from round.
    offset = rng.uniform(0.1, FARTHEST_FROM_GRID, shape) * rng.choice([-1, 1], shape)
    return ((codes + offset) * np.float64(scale)).astype(np.float32)


def heavy_tailed(rng: Generator, size: int, shift: float = 0.3) -> np.ndarray:
    """Return float32 (size,): Student t, 5 degrees of freedom, plus `shift`, randomly scaled."""
    return ((rng.standard_t(5, size) + shift) * rng.uniform(0.5, 2.0)).astype(np.float32)


def gaussian(rng: Generator, size: int, shift: float = 0.3) -> np.ndarray:
    """Return float32 (size,): normal values plus `shift`, randomly scaled."""
    return ((rng.standard_normal(size) + shift) * rng.uniform(0.5, 2.0)).astype(np.float32)


def integers(rng: Generator, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
    """Return int32 values from low to high; both ends are present."""
    values = rng.integers(low, high + 1, shape).astype(np.int32)
    flat = values.reshape(-1)
    flat[rng.choice(flat.size, 2, replace=False)] = (low, high)
    return values
