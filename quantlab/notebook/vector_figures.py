"""The figures of question 1 for the vectors A and B: what the student's functions make of them.

`solution` is the module with the student's functions; what they raise passes through.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from quantlab.formats.answers import MSE_BITS, MSE_METHODS
from quantlab.notebook import plots
from quantlab.notebook.bias_plots import bias, bias_table
from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.tables import Table
from quantlab.protocol.scale_forms import InAnyForm

FACTORS = torch.logspace(-1.2, 0.3, 60)  # of the symmetric scale
BIAS_BITS = (4, 2)


def recover(
    solution: Any, x: Tensor, scale: Tensor | float, bits: int, signed: bool = True
) -> Tensor:
    """Return `x`, quantized and recovered by the student's functions.

    A scale may be a tensor or a number, whichever the functions take.
    """
    functions = InAnyForm(solution)
    codes = functions.linear_quantize(x, scale, 0, bits, signed)
    recovered: Tensor = functions.linear_dequantize(codes, scale, 0)
    return recovered


def squared_error(solution: Any, x: Tensor, scale: Tensor | float, bits: int) -> float:
    """Return the mean squared error of `x` at this scale, signed."""
    return float((x - recover(solution, x, scale, bits)).square().mean())


def valleys(solution: Any, vectors: Mapping[str, Tensor]) -> CaptionedFigure:
    """Draw the error over the scale for every vector and width, and every method's choice."""
    curves = {}
    for name, values in vectors.items():
        for bits in MSE_BITS:
            scales = values.abs().max() / 2 ** (bits - 1) * FACTORS
            errors = [squared_error(solution, values, scale, bits) for scale in scales]
            chosen = {}
            for method in MSE_METHODS:
                scale, _ = solution.reset_scale_and_zero_point(values, bits, method)
                chosen[method] = float(scale), squared_error(solution, values, scale, bits)
            curves[f"{name}, {bits} bits"] = (scales, errors, chosen)
    return plots.error_curves(curves)


def level_histograms(
    solution: Any, vectors: Mapping[str, Tensor], bits: int = 4
) -> CaptionedFigure:
    """Draw real numbers and levels of every vector by every method."""
    panels = {}
    for name, values in vectors.items():
        for method in MSE_METHODS:
            scale, _ = solution.reset_scale_and_zero_point(values, bits, method)
            recovered = recover(solution, values, scale, bits)
            panels[f"{name}, {bits} bits, {method}"] = (values, recovered)
    return plots.histograms(panels)


def biases(solution: Any, vectors: Mapping[str, Tensor]) -> tuple[CaptionedFigure, Table]:
    """Return the mean error of every vector at 4 and 2 bits by every method: over x, and means."""
    panels = {}
    for name, values in vectors.items():
        for bits in BIAS_BITS:
            recovered = {}
            for method in MSE_METHODS:
                scale, _ = solution.reset_scale_and_zero_point(values, bits, method)
                recovered[method] = recover(solution, values, scale, bits)
            panels[f"{name}, {bits} bits"] = (values, recovered)
    return bias(panels), bias_table(panels)
