"""The answers of the exercises on paper in question 1 are those of the reference."""

import re

import pytest
import torch
from torch import Tensor

from authoring.build.notebook import MASTER
from instructor import solution

X = torch.tensor([-1.3, -0.3, 0.2, 0.9])
TEXT = (MASTER / "question_1.py").read_text(encoding="utf-8").replace("−", "-")


def row(label: str) -> list[list[float]]:
    """The numbers of every table row in question 1 that begins with this label."""
    rows = re.findall(rf"^# \| {re.escape(label)} \|(.+)\|$", TEXT, re.MULTILINE)
    return [[float(cell) for cell in found.split("|")] for found in rows]


def equals(rows: list[list[float]], expected: Tensor) -> bool:
    return bool(rows) and all(torch.allclose(torch.tensor(r), expected) for r in rows)


def test_paper_example_of_quantize_has_the_codes_of_the_reference() -> None:
    codes = solution.linear_quantize(X, 0.5, 0, 2)
    assert equals(row("$x$"), X)
    assert equals(row("$x / s$"), X / 0.5)
    assert equals(row("rounded"), torch.round(X / 0.5))
    assert equals(row("code"), codes)


def test_paper_example_of_dequantize_has_the_numbers_of_the_reference() -> None:
    recovered = solution.linear_dequantize(solution.linear_quantize(X, 0.5, 0, 2), 0.5, 0)
    assert equals(row(r"$\hat{x}$"), recovered)
    assert equals(row(r"$\hat{x} - x$"), recovered - X)


def test_paper_example_of_scales_has_the_scales_of_the_reference() -> None:
    assert float(solution.get_scale(torch.tensor([-2.0, -1, 1, 2]), 2)) == pytest.approx(
        1.261, abs=5e-4
    )
    symmetric, _ = solution.reset_scale_and_zero_point(X, 2, "sym")
    assert float(symmetric) == pytest.approx(0.65)
    assert "$s = 1.261$" in TEXT
    assert "$s = 1.3 / 2 = 0.65$" in TEXT


def test_paper_example_of_the_heuristic_has_the_sums_of_the_reference() -> None:
    for scale, expected in ((0.65, 0.1925), (0.5, 0.33)):
        recovered = solution.linear_dequantize(solution.linear_quantize(X, scale, 0, 2), scale, 0)
        assert float((recovered - X).square().sum()) == pytest.approx(expected, abs=1e-5)
        assert f"{expected:g}." in TEXT
