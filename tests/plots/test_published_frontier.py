"""The closing figure: published networks with method and source, and the student's beside them."""

import json

import pytest

from authoring.build.published_frontier import RESULTS, SOURCES, summarize
from quantlab.notebook.published_frontier import FILE, draw_frontier, load_frontier

CIFAR10 = {"dataset": "CIFAR-10", "images": 10_000, "floor": 85.0}


def test_published_frontier_file_is_what_the_results_say() -> None:
    points = json.loads(RESULTS.read_text())["points"]
    assert json.loads(FILE.read_text()) == summarize(points)
    frontier = load_frontier()
    assert frontier.images == 10_000
    assert len(frontier.methods) == len(SOURCES)
    assert ("fine-tuned, 28 epochs", ((38.84, 89.36),)) in [
        (method.name, method.points) for method in frontier.methods
    ]


def test_published_frontier_file_contains_no_bit_widths() -> None:
    text = FILE.read_text()
    assert "layer1" not in text
    assert "bit_widths" not in text


def test_draw_frontier_labels_every_method_with_its_source() -> None:
    figure = draw_frontier((106.6, 87.09), **CIFAR10)
    (axis,) = figure.figure.axes
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    for name, source in SOURCES.values():
        assert f"{name} ({source})" in labels
        assert f"{name} ({source})" in figure.alt
    assert labels[-1] == "yours"
    assert "Yours: 106.6 KiB 87.09 %" in figure.alt
    markers = [line.get_marker() for line in axis.get_lines() if line.get_marker() != "None"]
    assert len(set(markers)) == len(SOURCES) + 1


@pytest.mark.parametrize(
    ("yours", "dataset", "sentence"),
    [
        (None, "CIFAR-10", "Yours is drawn after the search of question 3."),
        ((106.6, 87.09), "Shapes-10", "not drawn, because it was measured on Shapes-10"),
    ],
)
def test_draw_frontier_says_why_yours_is_missing(yours, dataset, sentence) -> None:
    figure = draw_frontier(yours, dataset, 2_000, 85.0)
    assert sentence in figure.caption
    assert "Yours:" not in figure.alt
