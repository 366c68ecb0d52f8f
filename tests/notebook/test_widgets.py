"""Sliders move the figure where they run; elsewhere the figure is shown by itself."""

import builtins
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from autograder.engine.oracle import Oracle
from quantlab.data.student_vectors import student_vectors
from quantlab.network.resnet import resnet20
from quantlab.notebook import widgets
from quantlab.notebook.captioned import CaptionedFigure
from quantlab.paths import KIT
from quantlab.protocol.execute import load_module

VIEW = "application/vnd.jupyter.widget-view+json"
FRONTEND = "JPY_SESSION_NAME"


class Screen:
    """Stands in for the output of a cell."""

    def __init__(self) -> None:
        self.outputs: list[Any] = []

    def __call__(self, output: Any, raw: bool = False) -> None:
        self.outputs.append(output)

    def panel(self) -> Any:
        """The widgets behind the only output."""
        (bundle,) = self.outputs
        assert bundle["text/html"].startswith("<figure")
        return widgets_of()[bundle[VIEW]["model_id"]]

    def move(self, number: int, value: object) -> str:
        """Set a control, and return the HTML of the figure afterwards."""
        row, picture = self.panel().children
        row.children[number].value = value
        return picture.value


def widgets_of() -> dict[str, Any]:
    import ipywidgets  # noqa: PLC0415

    try:
        return ipywidgets.widgets.widget._instances  # 8
    except AttributeError:
        return ipywidgets.Widget.widgets  # 7


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(widgets, "display", screen)
    monkeypatch.setenv(FRONTEND, "main.ipynb")
    return screen


@pytest.fixture
def no_frontend(monkeypatch: pytest.MonkeyPatch, screen: Screen) -> Screen:
    for name in ("COLAB_RELEASE_TAG", FRONTEND, "VSCODE_PID", "VSCODE_CWD"):
        monkeypatch.delenv(name, raising=False)
    return screen


@pytest.fixture(scope="module")
def reference() -> Any:
    return Oracle().module


@pytest.fixture(scope="module")
def vectors() -> dict[str, torch.Tensor]:
    return student_vectors("ada")


def test_explore_scale_follows_vector_bits_and_scale(screen, reference, vectors) -> None:
    widgets.explore_scale(reference, vectors)
    first = screen.panel().children[1].value
    assert "A at 4 bits" in first
    assert "0.00% of the values are clipped" in first
    assert "A at 2 bits" in screen.move(1, 2)
    narrow = screen.move(2, 0.1)
    assert "0.00% of the values are clipped" not in narrow
    assert "B at 2 bits" in screen.move(0, "B")


def test_explore_gradient_masks_what_is_clamped(screen, reference) -> None:
    widgets.explore_gradient(reference)
    assert "100% of the inputs" in screen.panel().children[1].value
    masked = screen.move(2, True)
    assert "this is the gradient mask" in masked
    assert "between 0 and 1" in masked


def test_explore_layer_has_every_layer(screen, reference) -> None:
    widgets.explore_layer(reference, resnet20())
    row, _ = screen.panel().children
    assert len(row.children[0].options) == 20
    assert "fc at 4 bits" in screen.move(0, "fc")


def test_widgets_show_the_sentence_of_a_function_that_raises(screen, vectors) -> None:
    def quantize(input, scale, zero_point, N_bits, signed=True):
        if N_bits == 2:
            raise ValueError("no <two> bits")
        return (input / scale).round()

    functions = SimpleNamespace(linear_quantize=quantize, linear_dequantize=lambda x, s, z: x * s)
    widgets.explore_scale(functions, vectors)
    sentence = screen.move(1, 2)
    assert "no &lt;two&gt; bits" in sentence
    assert "Traceback" not in sentence
    assert "A at 3 bits" in screen.move(1, 3)


def test_widgets_show_the_sentence_of_a_function_that_raises_at_once(screen, vectors) -> None:
    functions = SimpleNamespace(linear_quantize=lambda *args: 1 / 0)
    widgets.explore_scale(functions, vectors)
    assert "ZeroDivisionError" in repr(screen.outputs[0])


def test_widgets_wait_for_the_stub(screen, vectors) -> None:
    stub = load_module((KIT / "solution.py").read_text(), name="stub")
    with pytest.raises(NotImplementedError, match="Question 1a"):
        widgets.explore_scale(stub, vectors)
    assert screen.outputs == []


def test_widgets_are_a_figure_without_a_frontend(no_frontend, reference, vectors) -> None:
    widgets.explore_scale(reference, vectors)
    (figure,) = no_frontend.outputs
    assert isinstance(figure, CaptionedFigure)


def test_widgets_are_a_figure_without_ipywidgets(
    screen, reference, vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = builtins.__import__

    def refuse(name: str, *args: Any, **options: Any) -> Any:
        if name == "ipywidgets":
            raise ImportError(name)
        return imported(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    widgets.explore_scale(reference, vectors)
    (figure,) = screen.outputs
    assert isinstance(figure, CaptionedFigure)


def test_widgets_are_imported_only_when_they_are_shown() -> None:
    assert "ipywidgets" not in vars(widgets)
