"""The course secret is made once, read by its owner alone, and decides every draw."""

import stat

import numpy as np
import pytest

from autograder.checks.random_inputs import FARTHEST_FROM_GRID, grid_range, near_grid, step
from autograder.engine.secret import SecretError, StudentRandom, course_secret


def test_course_secret_creates_a_private_file_on_first_use(tmp_path):
    path = tmp_path / "secret"
    first = course_secret(path)
    assert len(first) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert course_secret(path) == first


def test_course_secret_differs_between_courses(tmp_path):
    assert course_secret(tmp_path / "a") != course_secret(tmp_path / "b")


def test_course_secret_refuses_a_short_secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("1234")
    with pytest.raises(SecretError, match="4 bytes"):
        course_secret(path)


def test_course_secret_explains_an_unreadable_path(tmp_path):
    with pytest.raises(SecretError, match="AUTOGRADER_SECRET_FILE"):
        course_secret(tmp_path / "nowhere" / "secret")


def test_student_random_depends_on_secret_student_and_purpose():
    def numbers(secret: bytes, student: str, purpose: str) -> tuple[float, ...]:
        return tuple(StudentRandom(secret, student).generator(purpose).random(4))

    base = numbers(b"s" * 16, "ada", "1a")
    assert numbers(b"s" * 16, "ada", "1a") == base
    assert numbers(b"t" * 16, "ada", "1a") != base
    assert numbers(b"s" * 16, "bob", "1a") != base
    assert numbers(b"s" * 16, "ada", "2a") != base


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", range(2, 9))
def test_near_grid_avoids_ties_and_reaches_past_both_ends(bits, signed):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scale = step(rng)
        steps = near_grid(rng, (64,), scale, bits, signed).astype(np.float64) / np.float64(scale)
        offset = np.abs(steps - np.round(steps))
        assert offset.max() < FARTHEST_FROM_GRID + 1e-3
        assert offset.min() > 0.1 - 1e-3
        low, high = grid_range(bits, signed)
        assert {low - 1, low, high, high + 1} <= set(np.round(steps).astype(int).tolist())
