"""Draw the picture of `authoring.build.motivation` from its numbers."""

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from authoring.build.motivation_record import Motivation, digest
from quantlab.notebook.palette import BLUE, INK, PAPER, series_style

SIZE, DPI = (9.2, 3.6), 120  # inches, dots per inch
COLORS = 64  # of the picture's palette: a third of the bytes
THICK = 0.36  # of a bar, in rows


def draw(motivation: Motivation, photo: Tensor) -> bytes:
    """Return the picture as a PNG; `photo` is uint8 (3, 32, 32).

    Its text chunk "numbers" is the digest of the numbers that it shows.
    """
    figure = Figure(figsize=SIZE, layout="constrained", facecolor=PAPER)
    image, guesses, sizes, energies = figure.subplots(1, 4, width_ratios=[1.15, 2.1, 1, 1])
    image.imshow(photo.permute(1, 2, 0).numpy(), interpolation="nearest")
    image.set_title(f"a {motivation.label}, 32 x 32 pixels", fontsize=10)
    image.axis("off")
    rows = range(len(motivation.widths))
    _draw_guesses(guesses, motivation)
    bars = sizes.barh(rows, [w.weight_bytes / 1024 for w in motivation.widths], 0.7, color=BLUE)
    sizes.bar_label(bars, fmt="%.0f", fontsize=9, padding=2)
    sizes.set_title("weights, KiB", fontsize=10)
    bars = energies.barh(rows, [w.microjoules for w in motivation.widths], 0.7, color=BLUE)
    energies.bar_label(bars, fmt="%.0f", fontsize=9, padding=2)
    energies.set_title("energy, µJ", fontsize=10)
    for axis in (guesses, sizes, energies):
        axis.set_ylim(len(rows) - 0.5, -0.5)
        axis.set_yticks(rows, [])
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.set_xticks([])
    for axis in (sizes, energies):
        axis.margins(x=0.3)
    return _small_png(figure, digest(motivation))


def _draw_guesses(axis: Axes, motivation: Motivation) -> None:
    for number, kind in enumerate(("rounded", "trained")):
        style = series_style(1 - number)
        for row, width in enumerate(motivation.widths):
            guess = getattr(width, kind)
            (bar,) = axis.barh(
                row + (number - 0.5) * (THICK + 0.04),
                guess.percent,
                THICK,
                color=style.color,
                hatch=style.hatch,
                edgecolor=PAPER,
                linewidth=0,
                label=("only rounded", "trained for the grid")[number] if row == 0 else None,
            )
            is_right = guess.name == motivation.label
            axis.annotate(
                f"{'✓' if is_right else '✗'} {guess.name}, {guess.percent:g} %",
                (guess.percent, bar.get_y() + THICK / 2),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=INK,
                fontweight="normal" if is_right else "bold",
            )
    axis.set_yticks(range(len(motivation.widths)))
    for row, width in enumerate(motivation.widths):
        axis.text(-4, row, f"{width.bits} bits", ha="right", va="center", fontsize=10)
    axis.set_xlim(0, 165)
    axis.set_title("what the network sees, and how sure it is", fontsize=10)
    axis.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, frameon=False)


def _small_png(figure: Figure, numbers: str) -> bytes:
    stream, out = io.BytesIO(), io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI)
    info = PngInfo()
    info.add_text("numbers", numbers)
    with Image.open(stream) as image:
        small = image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    small.save(out, format="png", optimize=True, pnginfo=info)
    return out.getvalue()
