"""A captioned figure shows its image, caption and alternative text in every form."""

import base64
import re

import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import colors
from matplotlib.figure import Figure

from quantlab.notebook import palette
from quantlab.notebook.captioned import CaptionedFigure

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def captioned() -> CaptionedFigure:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    return CaptionedFigure(figure, "Rises & <rises>.", 'A line "rises" from 1 to 2 <units>.')


def test_captioned_figure_is_one_html_figure(captioned: CaptionedFigure) -> None:
    markup = captioned._repr_html_()
    image = re.search(r'src="data:image/png;base64,([^"]+)"', markup)
    assert image is not None
    assert base64.b64decode(image[1]).startswith(PNG)
    assert 'alt="A line &quot;rises&quot; from 1 to 2 &lt;units&gt;."' in markup
    assert "<figcaption" in markup
    assert "Rises &amp; &lt;rises&gt;.</figcaption>" in markup


def test_captioned_figure_scrolls_on_a_narrow_screen() -> None:
    wide = CaptionedFigure(Figure(figsize=(9, 1)), "Wide.", "A wide figure.")._repr_html_()
    assert 'overflow-x: auto" tabindex="0"' in wide
    assert "min-width: 600px" in wide
    small = CaptionedFigure(Figure(figsize=(2, 1)), "Small.", "A small figure.")._repr_html_()
    assert "min-width: 220px" in small


def test_captioned_figure_has_a_png_and_a_text_for_other_formats(
    captioned: CaptionedFigure,
) -> None:
    shell = InteractiveShell.instance()
    data, metadata = shell.display_formatter.format(captioned)
    InteractiveShell.clear_instance()
    assert PNG in (data["image/png"][:4], base64.b64decode(data["image/png"])[:4])
    assert metadata["image/png"]["alt"] == captioned.alt
    assert captioned.alt in data["text/plain"]
    assert captioned.caption in data["text/plain"]


def test_palette_series_differ_without_color() -> None:
    styles = [palette.series_style(number) for number in range(len(palette.SERIES))]
    for attribute in ("color", "marker", "hatch", "dash"):
        assert len({getattr(style, attribute) for style in styles}) == len(styles)
    assert palette.series_style(len(styles)) == styles[0]


def test_palette_first_series_differ_in_gray_print() -> None:
    gray = []
    for style in palette.SERIES[:2]:
        red, green, blue = colors.to_rgb(style.color)
        gray.append(0.299 * red + 0.587 * green + 0.114 * blue)
    assert abs(gray[0] - gray[1]) > 0.1
