"""The curves of a training are drawn while it runs, at most every five seconds, and stay."""

import numpy as np
import torch

from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.live_curves import LiveCurves


class Screen:
    """Stands in for IPython's display handle, and keeps what was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, CaptionedFigure]] = []

    def display(self, figure: CaptionedFigure) -> None:
        self.shown.append(("display", figure))

    def update(self, figure: CaptionedFigure) -> None:
        self.shown.append(("update", figure))


def trained(steps: int = 100, seconds: float = 0.1) -> Screen:
    """A training of falling loss, whose steps take `seconds`; accuracy after each 20."""
    now, screen = [0.0], Screen()
    curves = LiveCurves("W4A4", screen, lambda: now[0])  # type: ignore[arg-type]
    for step in range(1, steps + 1):
        now[0] += seconds
        curves.add(step, 2 / step, 50 + step / 4 if step % 20 == 0 else None)
    curves.finish()
    return screen


def test_live_curves_are_drawn_at_most_every_five_seconds() -> None:
    shown = trained(steps=100, seconds=0.5).shown
    assert 9 <= len(shown) <= 12
    assert [kind for kind, _ in shown] == ["display"] + ["update"] * (len(shown) - 1)


def test_live_curves_end_with_every_point() -> None:
    _, last = trained(steps=30, seconds=0.001).shown[-1]
    left, right = last.figure.axes
    assert left.lines[0].get_xdata()[-1] == 30
    assert np.allclose(right.lines[0].get_ydata(), [55])
    assert "55.0 % after step 20" in last.alt


def test_live_curves_text_has_first_last_and_best() -> None:
    _, last = trained(steps=100).shown[-1]
    assert "Accuracy on held-out images: 55.0 % after step 20, 75.0 % after step 100" in last.alt
    assert "Loss of W4A4: 1.5 at first, 0.0201 at last" in last.alt


def test_live_curves_without_accuracy_show_the_loss_alone() -> None:
    screen = Screen()
    curves = LiveCurves("W8A8", screen)  # type: ignore[arg-type]
    curves.add(1, torch.tensor(0.5))
    assert "should fall" in screen.shown[-1][1].caption
    (axis,) = screen.shown[-1][1].figure.axes
    assert [line.get_label() for line in axis.lines] == ["one step"]  # no mean of 1


def test_live_curves_name_the_images_and_begin_at_the_first_step() -> None:
    screen = Screen()
    curves = LiveCurves("W8A8", screen, images="200 held-out images")  # type: ignore[arg-type]
    curves.add(19, 0.5, 98.0)
    curves.finish()
    shown = screen.shown[-1][1]
    right = shown.figure.axes[1]
    assert right.get_title() == "200 held-out images"
    assert right.get_xlim()[0] == 0
    assert "Accuracy on 200 held-out images: 98.0 % after step 19" in shown.alt


def test_live_curves_show_nothing_without_a_point() -> None:
    screen = Screen()
    LiveCurves("W8A8", screen).finish()  # type: ignore[arg-type]
    assert screen.shown == []
