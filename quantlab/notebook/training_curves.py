"""The curves of a training in question 2d: they follow `fit` and test on held-out images."""

from collections.abc import Sequence

import torch
from torch import nn

from quantlab.notebook.live_curves import LiveCurves
from quantlab.notebook.session import Session

FAST_IMAGES, IMAGES = 200, 1_000  # held-out images after each epoch; the table uses all of them


class TrainingCurves:
    """The loss of each step, and the accuracy on some held-out images after each epoch."""

    def __init__(self, session: Session, title: str, curves: LiveCurves | None = None) -> None:
        """Start without points; `title` names the training, such as "W4A4, SAWB"."""
        count = min(FAST_IMAGES if session.fast else IMAGES, len(session.held_out))
        self._images = session.held_out.subset(torch.arange(count))
        self._session = session
        self._curves = curves or LiveCurves(title, images=f"{count:,} held-out images")
        self._last: tuple[int, float] | None = None

    def watch(self, step: int, losses: Sequence[float]) -> None:
        """Add the losses of the steps from `step` on, counted from 0."""
        for number, loss in enumerate(losses, step + 1):
            self._curves.add(number, loss)
            self._last = number, loss

    def after_epoch(self, network: nn.Module) -> None:
        """Measure `network` and add its accuracy; its training continues unchanged."""
        if self._last is not None:
            self._curves.add(*self._last, self._session.accuracy(network, self._images))

    def finish(self) -> None:
        """Show all points."""
        self._curves.finish()
