"""Figures with sliders: choose bits and a scale, and see what the student's functions do.

    explore_scale(solution, vectors)
    explore_gradient(solution)
    explore_layer(solution, network)

Where sliders cannot run, the same cell shows the figure at its first settings. That is so without
ipywidgets, and where no reader is there to move them: nbconvert, nbgrader, papermill and plain
kernels. A saved notebook contains this figure too.
"""

import html
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from IPython.display import display
from torch import Tensor, nn

from quantlab.network.resnet import layer_sizes
from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.explore import gradient_figure, layer_figure, scale_figure
from quantlab.protocol.failures import failure_of

# Set in the kernels of Colab, of Jupyter's servers and of VS Code, which all run ipywidgets.
_FRONTENDS = ("COLAB_RELEASE_TAG", "JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD")
_VIEW = "application/vnd.jupyter.widget-view+json"
WIDTHS = (2, 3, 4, 5, 6, 7, 8)


@dataclass(frozen=True)
class Choice:
    """A menu of `options`, which begins at `value`."""

    label: str
    options: tuple[Any, ...]
    value: Any


@dataclass(frozen=True)
class Factor:
    """A logarithmic slider from `low` to `high`, which begins at `value`."""

    label: str
    low: float
    high: float
    value: float


Control = Choice | Factor
BITS = Choice("bits", WIDTHS, 4)
SCALE = Factor("scale ×", 0.02, 2.0, 1.0)


def explore_scale(solution: Any, vectors: Mapping[str, Tensor]) -> None:
    """Show the staircase, the clipped share and the error of the vectors as bits and scale move."""

    def draw(vector: str, bits: int, factor: float) -> CaptionedFigure:
        return scale_figure(solution, vectors[vector], bits, factor, vector)

    names = tuple(vectors)
    _show(draw, {"vector": Choice("vector", names, names[0]), "bits": BITS, "factor": SCALE})


def explore_gradient(solution: Any) -> None:
    """Show the gradient of the student's estimator, with and without clamping first."""
    draw = partial(gradient_figure, solution)
    clamp = Choice("clamp first", (False, True), False)
    scale = Factor("scale ×", 0.2, 2.0, 1.0)
    _show(draw, {"bits": Choice("bits", WIDTHS, 3), "factor": scale, "clamp": clamp})


def explore_layer(solution: Any, network: nn.Module) -> None:
    """Show the weights and codes of one layer of a float ResNet-20."""

    def draw(layer: str, bits: int, factor: float) -> CaptionedFigure:
        weight = network.get_submodule(layer).weight
        assert isinstance(weight, Tensor)
        return layer_figure(solution, weight, bits, factor, layer)

    layers = tuple(layer_sizes())
    _show(draw, {"layer": Choice("layer", layers, layers[0]), "bits": BITS, "factor": SCALE})


def _show(draw: Callable[..., CaptionedFigure], controls: Mapping[str, Control]) -> None:
    """Show the figure at the first settings and, where sliders run, the sliders.

    A function that is not written yet passes through, for `waiting`.
    """
    try:
        first = draw(**{name: control.value for name, control in controls.items()})
    except NotImplementedError:
        raise
    except Exception as error:
        display(_Sentence(_explain(error)))
        return
    widgets = _load_widgets()
    if widgets is None:
        display(first)
        return
    display(_bundle(_panel(widgets, draw, controls, first), first), raw=True)


def _load_widgets() -> Any:
    """Return ipywidgets, or None if it is not installed or no frontend would show it."""
    if not any(name in os.environ for name in _FRONTENDS):
        return None
    try:
        import ipywidgets  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return None
    return ipywidgets


def _panel(
    widgets: Any,
    draw: Callable[..., CaptionedFigure],
    controls: Mapping[str, Control],
    first: CaptionedFigure,
) -> Any:
    """Return a box with the controls above the figure, which follows them."""
    inputs = {name: _widget(widgets, control) for name, control in controls.items()}
    picture = widgets.HTML(value=first._repr_html_())

    def update(_: object) -> None:
        try:
            figure = draw(**{name: widget.value for name, widget in inputs.items()})
            picture.value = figure._repr_html_()
        except Exception as error:
            picture.value = _Sentence(_explain(error))._repr_html_()

    for widget in inputs.values():
        widget.observe(update, names="value")
    row = widgets.Layout(display="flex", flex_flow="row wrap")
    return widgets.VBox([widgets.Box(list(inputs.values()), layout=row), picture])


def _widget(widgets: Any, control: Control) -> Any:
    if isinstance(control, Choice) and all(type(option) is int for option in control.options):
        return widgets.IntSlider(
            value=control.value,
            min=control.options[0],
            max=control.options[-1],
            description=control.label,
            continuous_update=False,  # a figure takes a moment, and moves would queue up
        )
    if isinstance(control, Choice) and isinstance(control.value, bool):
        return widgets.Checkbox(value=control.value, description=control.label)
    if isinstance(control, Choice):
        return widgets.Dropdown(
            value=control.value, options=control.options, description=control.label
        )
    return widgets.FloatLogSlider(
        value=control.value,
        base=2,
        min=_log2(control.low),
        max=_log2(control.high),
        step=0.05,
        description=control.label,
        readout_format=".3f",
        continuous_update=False,
    )


def _bundle(panel: Any, first: CaptionedFigure) -> dict[str, Any]:
    """Return the panel for readers with widgets, and the figure for all others."""
    view = {"version_major": 2, "version_minor": 0, "model_id": panel.model_id}
    return {_VIEW: view, "text/html": first._repr_html_(), "text/plain": repr(first)}


@dataclass(frozen=True)
class _Sentence:
    text: str

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.text)}</p>"

    def __repr__(self) -> str:
        return self.text


def _explain(error: Exception) -> str:
    return f"No figure: {failure_of(error).message}"


def _log2(value: float) -> float:
    return math.log2(value)
