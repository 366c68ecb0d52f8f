"""Figures draw what was measured, and say it in words too."""

from collections.abc import Callable

import pytest

from autograder.engine.record import ModelResult
from autograder.report.evidence import Histogram
from autograder.report.figures import accuracy_figure, histogram_figure, score_bar

W4A4 = ModelResult("ResNet20_W4A4.pt", 4, 4, 90.21, 10_000, 90.0)
W2A2 = ModelResult("ResNet20_W2A2.pt", 2, 2, 80.0, 10_000, 84.0)
LOST = ModelResult("ResNet20_W8A8.pt", 8, 8, None, 0, 91.0)
Parse = Callable[[str], "object"]


def _percent(element: object, name: str) -> float:
    return float(element.attributes[name].removesuffix("%"))


def test_accuracy_figure_draws_a_bar_and_a_threshold_per_model(parse_page: Parse) -> None:
    figure = parse_page(accuracy_figure((W4A4, W2A2, LOST), "accuracy"))
    assert [_percent(bar, "width") for bar in figure.all("rect", "won")] == [90.21]
    assert [_percent(bar, "width") for bar in figure.all("rect", "short")] == [80.0]
    assert [_percent(tick, "x1") for tick in figure.all("line", "tick")] == [90.0, 84.0, 91.0]


def test_accuracy_figure_describes_its_values_in_words(parse_page: Parse) -> None:
    drawing = parse_page(accuracy_figure((W4A4, LOST), "accuracy")).one("svg")
    assert drawing.attributes["role"] == "img"
    assert drawing.one("desc").text == (
        "W4A4: 90.21 %, full points from 90 %. W8A8: not measured, full points from 91 %."
    )
    labels = drawing.attributes["aria-labelledby"].split()
    assert labels == [drawing.one(tag).attributes["id"] for tag in ("title", "desc")]


def test_accuracy_figure_uses_names_of_models_without_bit_widths(parse_page: Parse) -> None:
    model = ModelResult("ResNet20_variable.pt", None, 16, 86.0, 10_000)
    assert "ResNet20_variable.pt: 86.00 %." in parse_page(accuracy_figure((model,), "a")).text


def test_histogram_figure_draws_values_and_levels_on_the_same_axis(parse_page: Parse) -> None:
    histogram = Histogram((-1.0, 0.0, 1.0), (2.0, 4.0), (-1.0, 0.5), (1.0, 5.0))
    figure = parse_page(histogram_figure(histogram, "h"))
    low, high = figure.all("rect", "original")
    assert [_percent(low, "x"), _percent(high, "x")] == [0, 50]
    assert float(high.attributes["height"]) == 2 * float(low.attributes["height"])
    assert [_percent(level, "x1") for level in figure.all("line", "level")] == [0, 75]


def test_histogram_figure_keeps_levels_outside_the_values_visible(parse_page: Parse) -> None:
    histogram = Histogram((0.0, 1.0), (3.0,), (-2.0, 2.0), (1.0, 2.0))
    figure = parse_page(histogram_figure(histogram, "h"))
    assert [_percent(level, "x1") for level in figure.all("line", "level")] == [0, 100]
    assert [_percent(bar, "x") for bar in figure.all("rect", "original")] == [50]


@pytest.mark.parametrize(
    ("values", "widths"),
    [
        ((3, 0, 0, 4), {"won": 75}),
        ((1, 2, 1, 4), {"won": 25, "waiting": 50, "undecided": 25}),
        ((0, 0, 0, 4), {}),
        ((0, 0, 0, 0), {}),
        ((9, 0, 0, 4), {"won": 100}),
    ],
)
def test_score_bar_shows_the_parts_of_a_question(
    values: tuple[float, ...], widths: dict[str, float], parse_page: Parse
) -> None:
    parts = parse_page(score_bar(*values)).all("rect")[1:]
    assert {part.attributes["class"]: _percent(part, "width") for part in parts} == widths
