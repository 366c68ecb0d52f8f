"""The interval around an accuracy that was measured on only some of the images."""

import numpy as np
import pytest

from autograder.engine.wilson_interval import wilson_interval


def test_wilson_interval_matches_the_textbook():
    # Brown, Cai, DasGupta 2001, the score interval: 9 of 10 gives 0.5958 to 0.9821.
    assert wilson_interval(90.0, 10) == pytest.approx((59.58, 98.21), abs=0.01)


@pytest.mark.parametrize("percent", [0.0, 100.0])
def test_wilson_interval_is_within_0_and_100_percent(percent):
    low, high = wilson_interval(percent, 1000)
    assert 0 <= low <= percent + 1e-9
    assert percent - 1e-9 <= high <= 100
    assert high - low > 0.3


def test_wilson_interval_has_the_stated_coverage():
    rng = np.random.default_rng(0)
    truth, images, times = 0.91, 1000, 4000
    hits = rng.binomial(images, truth, times)
    covered = sum(
        low <= 100 * truth <= high
        for low, high in (wilson_interval(100 * h / images, images) for h in hits)
    )
    assert 0.93 <= covered / times <= 0.97


def test_wilson_interval_narrows_with_more_images():
    widths = [np.diff(wilson_interval(91.0, images))[0] for images in (100, 1000, 10_000)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 1.2
