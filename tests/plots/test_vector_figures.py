"""The figures of question 1 place the reference's scales where they are."""

import re
from types import SimpleNamespace

import pytest
import torch

from autograder.engine.oracle import Oracle
from quantlab.data.student_vectors import student_vectors
from quantlab.formats.answers import MSE_METHODS
from quantlab.notebook import vector_figures
from quantlab.notebook.tables import EMPTY


@pytest.fixture(scope="module")
def reference() -> object:
    return Oracle().module


def test_valleys_have_the_heuristic_of_the_reference_in_the_valley(reference) -> None:
    text = vector_figures.valleys(reference, student_vectors("ada")).alt
    assert "0.99 times the least" not in text
    assert text.count("the valley is at s = ") == 6
    assert text.count("heuristic is in the valley") == 6
    assert text.count("sym is right of the valley") == 6


def test_level_histograms_have_a_panel_for_every_vector_and_method(reference) -> None:
    figure = vector_figures.level_histograms(reference, student_vectors("ada")).figure
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == [f"{v}, 4 bits, {m}" for v in "AB" for m in ("sym", "heuristic", "SAWB")]


def test_biases_find_a_negative_mean_of_sawb_at_few_bits(reference) -> None:
    figure, table = vector_figures.biases(reference, student_vectors("ada"))
    means = re.findall(r"SAWB: the mean error is (\S+)\.", figure.alt)
    assert len(means) == 4
    assert max(map(float, means)) < 0
    assert [row[0] for row in table.rows[:3]] == [f"A, 4 bits, {m}" for m in MSE_METHODS]
    assert [row[1] for row in table.rows if row[0].endswith("SAWB")] == means
    above = [float(row[4]) for row in table.rows if row[4] != EMPTY]
    assert len(above) >= 8
    assert max(above) < 0  # clipped values are moved toward 0


def test_recover_gives_functions_a_scale_in_the_form_that_they_take(reference) -> None:
    def with_numbers(input, scale, zero_point, N_bits, signed=True):
        return reference.linear_quantize(input, float(f"{scale:.3f}"), zero_point, N_bits, signed)

    functions = SimpleNamespace(
        linear_quantize=with_numbers, linear_dequantize=reference.linear_dequantize
    )
    recovered = vector_figures.recover(functions, torch.tensor([0.3]), torch.tensor(0.25), 3)
    assert recovered.tolist() == [0.25]
