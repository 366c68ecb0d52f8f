"""The constants that students are given are the fit for the grid of this assignment."""

import numpy as np
import pytest

from authoring.build.fit_sawb import DISTRIBUTIONS, best_range, fit, mean_squared_error, table
from instructor.solution import SAWB_COEFFICIENTS


@pytest.mark.parametrize("bits", [2, 4])
def test_sawb_coefficients_are_the_fit_to_the_printed_digits(bits: int) -> None:
    row = fit(bits)
    assert (round(row.c1, 3), round(row.c2, 3)) == SAWB_COEFFICIENTS[bits]
    assert f"{SAWB_COEFFICIENTS[bits][0]:.3f}" in table([row])


def test_sawb_coefficients_exist_for_every_width() -> None:
    assert list(SAWB_COEFFICIENTS) == [2, 3, 4, 5, 6, 7, 8]


def test_fit_at_2_bits_is_as_good_as_the_optimum() -> None:
    assert max(fit(2).excess.values()) < 0.001


def test_mean_squared_error_is_the_integral_of_the_squared_error() -> None:
    uniform = next(data for data in DISTRIBUTIONS if data.name == "uniform")
    # codes -2, -1, 0, 1 at scale 1/2: error s^2 / 12 up to 3/4, then up to 1 beyond the level 1/2
    expected = (1.75 * (0.25 / 12) + (0.5**3 - 0.25**3) / 3) / 2
    assert mean_squared_error(uniform, 1.0, 2) == pytest.approx(expected, rel=1e-9)


def test_best_range_exceeds_bounded_data() -> None:
    uniform = next(data for data in DISTRIBUTIONS if data.name == "uniform")
    best = best_range(uniform, 2, 0.1, 2.0)
    assert best > 1.05
    ranges = np.linspace(0.1, 2.0, 500)
    least = min(mean_squared_error(uniform, alpha, 2) for alpha in ranges)
    assert mean_squared_error(uniform, best, 2) <= least
