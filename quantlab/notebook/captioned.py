"""A figure with its caption and its alternative text, as a notebook shows it.

The caption is for readers of the figure. The alternative text replaces the figure for whoever does
not see it, so it contains the numbers that the figure shows.
"""

import base64
import html
import io
from dataclasses import dataclass

from matplotlib.figure import Figure

DPI = 110
READABLE = 600  # pixels: on a narrower screen the figure scrolls, its letters stay readable


@dataclass(frozen=True)
class CaptionedFigure:
    """A matplotlib figure that a cell shows once, without pyplot and its global state.

    HTML shows `<figure>` with the image, its alternative text and its caption. A PDF made by LaTeX
    uses the PNG alone, and plain text both texts.

    Attributes:
        figure: What is drawn.
        caption: What to see in it, in one or two sentences of plain text.
        alt: What it shows, with the numbers, in plain text.
    """

    figure: Figure
    caption: str
    alt: str

    def png(self) -> bytes:
        """Return the figure as a PNG."""
        stream = io.BytesIO()
        self.figure.savefig(stream, format="png", dpi=DPI)
        return stream.getvalue()

    def _repr_html_(self) -> str:
        image = base64.b64encode(self.png()).decode()
        narrowest = min(READABLE, self.figure.get_figwidth() * DPI)
        return (
            '<figure style="margin: 0.5em 0"><div style="overflow-x: auto" tabindex="0">'
            f'<img src="data:image/png;base64,{image}" alt="{html.escape(self.alt)}" '
            f'style="max-width: 100%; min-width: {narrowest:.0f}px; height: auto"></div>'
            '<figcaption style="max-width: 45em; line-height: 1.4">'
            f"{html.escape(self.caption)}</figcaption></figure>"
        )

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        return self.png(), {"alt": self.alt}

    def __repr__(self) -> str:
        """Return caption and alternative text."""
        return f"{self.caption}\n{self.alt}"
