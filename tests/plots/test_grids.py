"""The grid of real numbers and codes shows which codes are wrong, by the stored answers."""

from types import SimpleNamespace

import pytest
import torch
from matplotlib.patches import Rectangle

from autograder.engine.oracle import Oracle
from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.grids import CHECKS, code_grid
from quantlab.notebook.palette import VERMILION
from quantlab.paths import KIT
from quantlab.protocol.execute import load_module

FUNCTIONS = tuple(CHECKS)


@pytest.fixture(scope="module")
def reference() -> object:
    return Oracle().module


def colored(captioned: CaptionedFigure) -> int:
    """The number of cells that are marked as wrong, which are crossed by two lines each."""
    (_, right) = captioned.figure.axes
    cells = [p for p in right.patches if isinstance(p, Rectangle) and p.get_alpha() != 1]
    assert len(right.lines) == 2 * len(cells)
    assert all(line.get_color() == VERMILION for line in right.lines)
    return len(cells)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_code_grid_has_no_wrong_cell_for_the_reference(reference, function: str) -> None:
    grid = code_grid(reference, function)
    assert colored(grid) == 0
    assert "All 25 are right" in grid.caption


def test_code_grid_crosses_exactly_the_wrong_codes(reference) -> None:
    def truncate(input, scale, zero_point, N_bits, signed=True):
        return reference.linear_quantize(
            torch.trunc(input / scale) * scale, scale, 0, N_bits, signed
        )

    grid = code_grid(SimpleNamespace(linear_quantize=truncate), "linear_quantize")
    right = code_grid(reference, "linear_quantize")
    texts = [[text.get_text() for text in g.figure.axes[1].texts] for g in (grid, right)]
    differing = sum(text.startswith("expected ") for text in texts[0])
    assert 0 < differing < 25
    assert colored(grid) == differing
    assert f"{differing} of 25 are wrong" in grid.caption
    assert "expected" in grid.alt


def test_code_grid_crosses_values_that_are_not_finite(reference) -> None:
    def dequantize(input, scale, zero_point):
        recovered = reference.linear_dequantize(input, scale, zero_point)
        recovered[0, 0] = torch.nan
        return recovered

    assert (
        colored(code_grid(SimpleNamespace(linear_dequantize=dequantize), "linear_dequantize")) == 1
    )


@pytest.mark.parametrize("result", [torch.zeros(3), None, [1, 2]])
def test_code_grid_says_which_shape_was_expected(result) -> None:
    functions = SimpleNamespace(linear_quantize=lambda *arguments, **options: result)
    grid = code_grid(functions, "linear_quantize")
    assert "Expected a tensor of shape [400]" in grid.caption
    assert colored(grid) == 25


@pytest.mark.parametrize("function", FUNCTIONS)
def test_code_grid_waits_for_the_stub(function: str) -> None:
    stub = load_module((KIT / "solution.py").read_text(), name="stub")
    with pytest.raises(NotImplementedError, match=f"Question 1a: {function}"):
        code_grid(stub, function)


def test_code_grid_does_not_change_the_public_check(reference) -> None:
    def in_place(input, scale, zero_point, N_bits, signed=True):
        return input.zero_()

    code_grid(SimpleNamespace(linear_quantize=in_place), "linear_quantize")
    assert colored(code_grid(reference, "linear_quantize")) == 0
