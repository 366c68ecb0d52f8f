"""Twenty-five numbers of a public check beside what a student's function makes of them.

Wrong cells are colored and crossed, with the expected value below. The expected values are those
that are stored with the public checks; nothing is computed here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.palette import FAINT, INK, PAPER, VERMILION
from quantlab.notebook.sheets import new_sheet, sentences
from quantlab.protocol.calls import Input
from quantlab.protocol.comparison import Close
from quantlab.protocol.public_checks import PublicCheck, load
from quantlab.protocol.scale_forms import InAnyForm

SIDE = 5
SHOWN_AS_TEXT = 5  # wrong cells in the alternative text
CHECKS = {
    "linear_quantize": "1a.linear_quantize.signed",
    "linear_dequantize": "1a.linear_dequantize.values",
}


@dataclass(frozen=True)
class Grid:
    """Arrays of (5, 5): what went in, what came out, what was expected, and which are wrong.

    `problem` says why there is no array `got` to show; "" if there is one.
    """

    before: np.ndarray
    got: np.ndarray
    expected: np.ndarray
    is_wrong: np.ndarray
    problem: str = ""


def code_grid(solution: Any, function: str) -> CaptionedFigure:
    """Draw 25 numbers of a public check beside what `function` of `solution` returns for them.

    Args:
        solution: The module with the student's functions.
        function: "linear_quantize" or "linear_dequantize".

    Raises:
        NoPublicChecks: The public checks cannot be read.

    Exceptions of the student's function pass through.
    """
    (check,) = [check for check in load("1a") if check.id == CHECKS[function]]
    grid = _compare(solution, check)
    figure, (left, right) = new_sheet(1, 2, (8.4, 3.0))
    scale = next(value for value in check.program.inputs.values() if value.ndim == 0)
    forward = function == "linear_quantize"
    titles = ("real numbers x", "your codes") if forward else ("codes", "your real numbers")
    _draw_cells(left, _texts(grid.before), np.zeros_like(grid.is_wrong), None)
    got = np.full((SIDE, SIDE), "?", dtype=object) if grid.problem else _texts(grid.got)
    _draw_cells(right, got, grid.is_wrong, _texts(grid.expected))
    left.set_title(titles[0], fontsize=10)
    width = ", 4 bits" if forward else ""
    right.set_title(f"{titles[1]}{width}, s = {float(scale):.4f}", fontsize=10)
    wrong = int(grid.is_wrong.sum())
    outcome = (
        f"All {SIDE * SIDE} are right." if not wrong else f"{wrong} of {SIDE * SIDE} are wrong."
    )
    how = " Wrong cells are colored and crossed; the expected value is below." if wrong else ""
    caption = f"{function}: {grid.problem or outcome}{how if not grid.problem else ''}"
    return CaptionedFigure(figure, caption, _describe(grid, forward))


def _compare(solution: Any, check: PublicCheck) -> Grid:
    """Call the function of the check as the check does, and compare the first 25 elements."""
    call, inputs = check.program.calls[0], check.program.inputs
    tensors = {name: torch.as_tensor(value.copy()) for name, value in inputs.items()}
    args = [tensors[arg.name] if isinstance(arg, Input) else arg for arg in call.args]
    result = getattr(InAnyForm(solution), call.target)(*args, **call.kwargs)
    expectation = check.expectations[0]
    expected, before = np.asarray(expectation.expected), inputs[call.args[0].name]
    got = result.detach().cpu().numpy() if isinstance(result, torch.Tensor) else np.empty(0)
    if got.shape != expected.shape:
        kind = list(got.shape) if isinstance(result, torch.Tensor) else type(result).__name__
        problem = f"Expected a tensor of shape {list(expected.shape)}, got {kind}."
        all_wrong = np.ones((SIDE, SIDE), dtype=bool)
        return Grid(_square(before), _square(expected), _square(expected), all_wrong, problem)
    bound = 0.0
    if isinstance(expectation.rule, Close):
        bound = expectation.rule.relative * float(np.abs(expected).max())
    is_wrong = ~(np.abs(got.astype(np.float64) - expected) <= bound)  # also where it is not finite
    return Grid(_square(before), _square(got), _square(expected), _square(is_wrong))


def _square(values: np.ndarray) -> np.ndarray:
    """Return 25 elements as (5, 5): the upper left corner of a matrix, the start of a vector."""
    if values.ndim == 2:
        return values[:SIDE, :SIDE]
    return values.ravel()[: SIDE * SIDE].reshape(SIDE, SIDE)


def _texts(values: np.ndarray) -> np.ndarray:
    """Return the numbers as texts: whole ones without decimals."""
    text = [[f"{v:.0f}" if v == np.round(v) else f"{v:.3f}" for v in row] for row in values + 0.0]
    return np.array(text, dtype=object)


def _draw_cells(
    axis: Axes, texts: np.ndarray, is_wrong: np.ndarray, expected: np.ndarray | None
) -> None:
    for row in range(SIDE):
        for column in range(SIDE):
            wrong = bool(is_wrong[row, column])
            corner, color = (column, row), VERMILION if wrong else PAPER
            cell = Rectangle(
                corner, 1, 1, facecolor=color, edgecolor=FAINT, alpha=0.35 if wrong else 1
            )
            axis.add_patch(cell)
            if wrong:
                axis.plot([column, column + 1], [row, row + 1], color=VERMILION, linewidth=1)
                axis.plot([column, column + 1], [row + 1, row], color=VERMILION, linewidth=1)
            height = 0.32 if wrong and expected is not None else 0.5
            axis.text(
                column + 0.5, row + height, texts[row, column], ha="center", va="center",
                color=INK, fontsize=10, fontweight="bold" if wrong else "normal",
            )  # fmt: skip
            if wrong and expected is not None:
                axis.text(
                    column + 0.5, row + 0.8, f"expected {expected[row, column]}", ha="center",
                    va="center", color=INK, fontsize=7,
                )  # fmt: skip
    axis.set(xlim=(0, SIDE), ylim=(SIDE, 0), xticks=[], yticks=[])
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)


def _describe(grid: Grid, forward: bool) -> str:
    rows = ["; ".join(", ".join(row) for row in _texts(grid.before))]
    name = "Real numbers" if forward else "Codes"
    texts = [f"{name} in five rows: {rows[0]}"]
    if grid.problem:
        return sentences([*texts, grid.problem.rstrip(".")])
    texts.append("Yours: " + "; ".join(", ".join(row) for row in _texts(grid.got)))
    expected, got = _texts(grid.expected), _texts(grid.got)
    places = np.argwhere(grid.is_wrong)
    texts += [
        f"Row {row + 1}, column {column + 1}: expected {expected[row, column]}, "
        f"got {got[row, column]}"
        for row, column in places[:SHOWN_AS_TEXT]
    ]
    if len(places) > SHOWN_AS_TEXT:
        texts.append(f"{len(places) - SHOWN_AS_TEXT} more are wrong")
    return sentences(texts)
