"""The picture that motivates: its numbers are measured, counted and the ones that it shows."""

import base64
import re

import nbformat
import pytest

from authoring.build import motivation
from authoring.build.motivation_record import (
    PICTURE,
    caption,
    describe,
    digest,
    drawn_digest,
    markdown_image,
    read_motivation,
)
from authoring.build.notebook import nbgrader_notebook, solved_notebook, student_notebook
from autograder.engine.oracle import Oracle
from quantlab.data.cifar10 import load_dataset
from quantlab.network.calibration import calibration_images

RECORD = read_motivation()


def test_motivation_picture_shows_the_committed_numbers() -> None:
    assert drawn_digest(PICTURE.read_bytes()) == digest(RECORD)
    assert PICTURE.stat().st_size < 200_000


def test_motivation_counts_bytes_and_energy() -> None:
    assert sum(motivation.products().values()) == pytest.approx(40.5e6, rel=0.01)
    for width in RECORD.widths:
        assert width.weight_bytes == motivation.weight_bytes(width.bits)
        assert width.microjoules == pytest.approx(motivation.microjoules(width.bits), abs=0.05)


def test_motivation_energy_of_float_is_arithmetic_and_memory() -> None:
    by_hand = 40_551_040 * (3.7 + 0.9) + 268_336 * 640  # pJ
    assert motivation.microjoules(32) == pytest.approx(by_hand / 1e6, rel=1e-3)


def test_motivation_text_has_every_number_of_the_picture() -> None:
    text = describe(RECORD)
    for width in RECORD.widths:
        for guess in (width.rounded, width.trained):
            assert f"{guess.name}, {guess.percent:g} %" in text
        assert f"{width.weight_bytes / 1024:.0f} KiB of weights, {width.microjoules:.0f} µJ" in text
    assert not set("[]()") & set(text)  # they would end the text in Markdown


@pytest.mark.parametrize("build", [student_notebook, solved_notebook, nbgrader_notebook])
def test_motivation_is_in_every_notebook(build) -> None:
    (title,) = [c for c in nbformat.reads(build(), as_version=4).cells if c.id == "title"]
    assert markdown_image(RECORD) in title.source
    assert caption(RECORD) in title.source
    image = re.search(r"data:image/png;base64,([A-Za-z0-9+/=]+)\)", title.source)
    assert image is not None
    assert base64.b64decode(image[1]) == PICTURE.read_bytes()


@pytest.mark.cifar10
@pytest.mark.long
def test_motivation_numbers_are_those_of_the_networks() -> None:
    train, test = (load_dataset("cifar10", split) for split in ("train", "test"))
    measured = motivation.measure(test, calibration_images(train), Oracle().module)
    assert (measured.photo, measured.label, measured.alike) == (73, RECORD.label, RECORD.alike)
    for width, recorded in zip(measured.widths, RECORD.widths, strict=True):
        assert width.accuracies == recorded.accuracies
        for kind in ("rounded", "trained"):
            guess, expected = getattr(width, kind), getattr(recorded, kind)
            assert guess.name == expected.name
            assert guess.percent == pytest.approx(expected.percent, abs=0.5)
