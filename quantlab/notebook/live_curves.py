"""Curves of a training while it runs: the loss of every step, the accuracy on held-out images.

    curves = LiveCurves("W4A4, SAWB")
    ...
    curves.add(step, loss)                  # once per step
    curves.add(step, loss, accuracy)        # after an epoch
    curves.finish()

The picture is replaced in place, at most every five seconds: to draw it takes a quarter of a second
on a processor. The last one stays in the notebook.
"""

import time
from collections.abc import Callable

import numpy as np
from IPython.display import DisplayHandle
from matplotlib.ticker import MaxNLocator

from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.palette import series_style
from quantlab.notebook.sheets import new_sheet, sentences

SECONDS = 5.0  # between two pictures
SMOOTHED = 50  # parts of the training over which the loss is averaged
POINTS = 400  # of the loss that are drawn
_LOSS = "The loss should fall while the network learns. Over a few steps it is noisy."


class LiveCurves:
    """The curves of one training in the output of the cell that creates it."""

    def __init__(
        self,
        title: str,
        handle: DisplayHandle | None = None,
        clock: Callable[[], float] = time.monotonic,
        images: str = "held-out images",
    ) -> None:
        """Start without points.

        Args:
            title: The name of the training.
            handle: Where to draw.
            clock: Returns seconds.
            images: The images that the accuracy is of, such as "1,000 held-out images".
        """
        self._title = title
        self._images = images
        self._handle = handle or DisplayHandle()
        self._clock = clock
        self._losses: list[tuple[float, float]] = []
        self._accuracies: list[tuple[float, float]] = []
        self._shown_at: float | None = None

    def add(self, step: float, loss: float, accuracy: float | None = None) -> None:
        """Record the loss after `step`, and the accuracy in percent if it was measured.

        `loss` may be a number or a tensor of one element; a tensor on a GPU is waited for.
        """
        self._losses.append((step, float(loss)))
        if accuracy is not None:
            self._accuracies.append((step, float(accuracy)))
        if self._shown_at is None or self._clock() - self._shown_at >= SECONDS:
            self._show()

    def finish(self) -> None:
        """Show all points, if there are any."""
        if self._losses:
            self._show()

    def figure(self) -> CaptionedFigure:
        """Return the curves so far. At least one point is needed."""
        steps, losses = np.array(self._losses).T
        columns = 2 if self._accuracies else 1
        figure, axes = new_sheet(1, columns, (4.5 * columns, 3))
        left = np.ravel(axes)[0]
        raw, mean = series_style(0), series_style(1)
        thin = slice(None, None, -(-len(steps) // POINTS))
        left.plot(steps[thin], losses[thin], ".", color=raw.color, alpha=0.3, label="one step")
        width = max(1, len(losses) // SMOOTHED)
        smooth = np.convolve(losses, np.ones(width) / width, "valid")
        if width > 1:
            left.plot(steps[width - 1 :], smooth, color=mean.color, label=f"mean of {width} steps")
        left.set(xlabel="step", ylabel="loss", title=self._title)
        left.legend(fontsize=8)
        texts = [f"Loss of {self._title}: {smooth[0]:.3g} at first, {smooth[-1]:.3g} at last"]
        if self._accuracies:
            at, percent = np.array(self._accuracies).T
            right = np.ravel(axes)[1]
            right.plot(at, percent, "s-", color=mean.color)
            right.set(xlabel="step", ylabel="accuracy, %", title=self._images)
            right.set(xlim=(0, 1.05 * steps[-1]), ylim=(None, min(right.get_ylim()[1], 100.5)))
            texts.append(
                f"Accuracy on {self._images}: {percent[0]:.1f} % after step {at[0]:g}, "
                f"{percent[-1]:.1f} % after step {at[-1]:g}, at best {percent.max():.1f} %"
            )
        for axis in np.ravel(axes):
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        return CaptionedFigure(
            figure,
            f"{_LOSS} The accuracy on held-out images says whether what the network learned is of "
            "use on images that it did not see."
            if self._accuracies
            else _LOSS,
            sentences(texts),
        )

    def _show(self) -> None:
        show = self._handle.display if self._shown_at is None else self._handle.update
        show(self.figure())
        self._shown_at = self._clock()
