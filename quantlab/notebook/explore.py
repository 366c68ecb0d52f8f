"""The figures that a student moves with sliders (`quantlab.notebook.widgets`).

Every number comes from the student's functions: a wrong function draws a wrong figure. `solution`
is the student's module; what its functions raise passes through.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.estimator import pass_estimator
from quantlab.notebook.palette import BLUE, FAINT, GREEN, INK, ORANGE, VERMILION
from quantlab.notebook.sheets import levels_of, new_sheet, numbers, plain_log_rulers
from quantlab.notebook.vector_figures import recover, squared_error
from quantlab.protocol.scale_forms import InAnyForm

SCALES = torch.logspace(-1.7, 0.3, 41)  # factors of the symmetric scale, for the valley
BINS = 80
HALF_A_STEP = 0.5001  # a larger error is one of clipping


def symmetric_scale(values: Tensor, bits: int) -> Tensor:
    """Return max |x| / 2^(b-1), the scale that the sliders multiply: factor 1 clips nothing."""
    return values.abs().max() / 2 ** (bits - 1)


def scale_figure(
    solution: Any, values: Tensor, bits: int, factor: float, title: str
) -> CaptionedFigure:
    """Draw the staircase over the data, the clipped share, and the error in its valley.

    Args:
        solution: The student's module.
        values: Real numbers (N,).
        bits: The width of the codes.
        factor: The scale, as a multiple of `symmetric_scale`.
        title: The name of the values.
    """
    base = symmetric_scale(values, bits)
    scale = base * factor
    recovered = recover(solution, values, scale, bits)
    is_clipped = (recovered - values).abs() > HALF_A_STEP * scale
    squared = (recovered - values).square()
    clipping, rounding = squared[is_clipped].sum(), squared[~is_clipped].sum()
    figure, (left, right) = new_sheet(1, 2, (9.4, 3.4))
    _draw_staircase(left, solution, values, scale, bits)
    share = float(is_clipped.float().mean())
    left.set(title=f"{title}, {bits} bits, s = {float(scale):.3g}: {share:.2%} clipped")
    errors = [squared_error(solution, values, base * f, bits) for f in SCALES]
    here = float(squared.mean())
    right.loglog(SCALES, errors, color=BLUE)
    plain_log_rulers(right)
    right.plot([factor], [here], "s", color=VERMILION, markersize=9)
    right.set(xlabel="scale, as a multiple of max|x| / $2^{b-1}$", ylabel="mean squared error")
    of_clipping = float(clipping / (clipping + rounding)) if clipping + rounding > 0 else 0.0
    right.set_title(f"{of_clipping:.0%} of the error is clipping", fontsize=10)
    least = int(np.argmin(errors))
    return CaptionedFigure(
        figure,
        "Left, the staircase over the data (gray); values in the hatched part are clipped. Right, "
        "the error over the scale, and where you are on it.",
        f"{title} at {bits} bits with s = {float(scale):.3g}: {share:.2%} of the values are "
        f"clipped, the mean squared error is {here:.3g}, {of_clipping:.0%} of it from clipping. "
        f"The valley is at {float(SCALES[least]):.2g} times the symmetric scale, with an error of "
        f"{errors[least]:.3g}.",
    )


def gradient_figure(solution: Any, bits: int, factor: float, clamp: bool) -> CaptionedFigure:
    """Draw forward and backward pass of the student's estimator, with or without clamping first.

    Args:
        solution: The student's module.
        bits: The width of the signed codes.
        factor: The scale, as a multiple of the one whose range is -1 to 1.
        clamp: Clamp to the range before the estimator, as trainings do with activations.
    """
    scale = torch.tensor(factor / 2 ** (bits - 1))
    low, high = -factor, float(scale * (2 ** (bits - 1) - 1))
    x = torch.linspace(-1.5, 1.5, 601, requires_grad=True)
    inside = x.clamp(low, high) if clamp else x
    recovered = pass_estimator(solution, inside, scale, bits)
    recovered.sum().backward()
    passed = numbers(x.grad if x.grad is not None else torch.zeros_like(x))
    figure, (left, right) = new_sheet(1, 2, (9.4, 3.2))
    left.plot(numbers(x), numbers(recovered), color=BLUE)
    left.set(xlabel="$x$", title=rf"forward: $\hat{{x}}$ with {bits} bits, s = {float(scale):.3g}")
    right.plot(numbers(x), passed, color=VERMILION, linestyle="--")
    for axis in (left, right):
        axis.axvspan(low, high, color=FAINT, alpha=0.15)
    right.set(xlabel="$x$", title="backward: what reaches $x$", ylim=(-0.2, max(1.4, passed.max())))
    share = float((passed != 0).mean())
    return CaptionedFigure(
        figure,
        "The range of the grid is gray. "
        + (
            "Clamped first, values outside of it get no gradient: this is the gradient mask."
            if clamp
            else "Your estimator alone passes the gradient on for values outside of it too."
        ),
        f"The range is {low:.3g} to {high:.3g}. {share:.0%} of the inputs between -1.5 and 1.5 get "
        f"a gradient; it is between {passed.min():.3g} and {passed.max():.3g}.",
    )


def layer_figure(
    solution: Any, weight: Tensor, bits: int, factor: float, name: str
) -> CaptionedFigure:
    """Draw the weights of one layer, the codes that they get, and their error.

    Args:
        solution: The student's module.
        weight: The weights, any shape.
        bits: The width of the signed codes.
        factor: The scale, as a multiple of `symmetric_scale`.
        name: The name of the layer.
    """
    values = weight.detach().float().cpu().flatten()
    scale = symmetric_scale(values, bits) * factor
    functions = InAnyForm(solution)
    codes = functions.linear_quantize(values, scale, 0, bits, True)
    recovered = functions.linear_dequantize(codes, scale, 0)
    error = float((recovered - values).square().mean())
    signal = float(values.square().mean()) / error if error else float("inf")
    figure, (left, right) = new_sheet(1, 2, (9.4, 3.2))
    left.hist(numbers(values), BINS, color=BLUE, alpha=0.6)
    used, share, _ = levels_of(numbers(codes))
    for level in np.unique(numbers(recovered)):
        left.axvline(level, color=VERMILION, linewidth=0.6, linestyle="--")
    left.set(xlabel="weight", ylabel="how many", title=f"{name}: {len(values):,} weights")
    right.bar(used, share, 0.8, color=GREEN, edgecolor=INK, linewidth=0.5)
    right.set(xlabel="code", ylabel="share of the weights", xlim=_code_limits(bits))
    right.set_title(f"{len(used)} of {2**bits} codes used, signal / error {signal:.3g}")
    zeros = float((codes == 0).float().mean())
    return CaptionedFigure(
        figure,
        "Left, the weights, with a dashed line at each level. Right, how many weights share each "
        "code.",
        f"{name} at {bits} bits with s = {float(scale):.3g}: {len(used)} of {2**bits} codes are "
        f"used, {zeros:.0%} of the weights become 0, and the mean square of the weights is "
        f"{signal:.3g} times that of the error.",
    )


def _draw_staircase(axis: Axes, solution: Any, values: Tensor, scale: Tensor, bits: int) -> None:
    ends = float(values.abs().max())
    x = torch.linspace(-ends, ends, 1_001)
    y = recover(solution, x, scale, bits)
    is_clipped = numbers((y - x).abs() > HALF_A_STEP * scale)
    counts, edges = np.histogram(numbers(values), BINS, (-ends, ends))
    heights = counts / counts.max() * 2 * ends - ends
    axis.stairs(heights, edges, baseline=-ends, fill=True, color=FAINT, alpha=0.4)
    axis.fill_between(
        numbers(x), -ends, ends, where=is_clipped.astype(bool).tolist(), facecolor="none",
        edgecolor=ORANGE, hatch="///", linewidth=0,
    )  # fmt: skip
    axis.plot(numbers(x), numbers(x), color=FAINT, linewidth=1, linestyle="--")
    axis.plot(numbers(x), numbers(y), color=BLUE)
    axis.set(xlabel="$x$", ylabel=r"$\hat{x}$")


def _code_limits(bits: int) -> Sequence[float]:
    return -(2 ** (bits - 1)) - 1, 2 ** (bits - 1)
