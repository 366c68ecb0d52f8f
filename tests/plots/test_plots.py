"""Each figure shows its arguments: labels, markers, numbers, and the same numbers as text."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.network.quantization import quantize_model
from quantlab.notebook import network_plots, plots
from quantlab.notebook.bias_plots import bias, bias_table
from quantlab.notebook.captioned import CaptionedFigure


@pytest.fixture(scope="module")
def vector() -> torch.Tensor:
    return torch.randn(2_000, generator=torch.Generator().manual_seed(0))


def texts(captioned: CaptionedFigure) -> str:
    figure = captioned.figure
    labels = [text.get_text() for axis in figure.axes for text in [axis.title, *axis.texts]]
    labels += [axis.get_xlabel() + axis.get_ylabel() for axis in figure.axes]
    for axis in figure.axes:
        if axis.get_legend():
            labels += [text.get_text() for text in axis.get_legend().get_texts()]
        labels += [tick.get_text() for tick in axis.get_xticklabels()]
    return "\n".join(labels)


def drawn(captioned: CaptionedFigure, label: str) -> np.ndarray:
    """The points (N, 2) of the line with this label."""
    lines = [
        line for axis in captioned.figure.axes for line in axis.lines if line.get_label() == label
    ]
    assert len(lines) == 1, label
    return np.column_stack(
        [np.asarray(data, dtype=float) for data in lines[0].get_data(orig=False)]
    )


def test_plots_show_themselves_once_and_without_pyplot(vector: torch.Tensor) -> None:
    picture = plots.staircase(vector.sort().values, vector.sort().values.round(), "three bits")
    assert picture.png().startswith(b"\x89PNG")
    assert (
        picture.figure.canvas.manager is None
    )  # pyplot knows nothing of it, so it cannot show it again
    assert picture.figure.get_facecolor() == (1, 1, 1, 1)


def test_staircase_also_draws_the_error(vector: torch.Tensor) -> None:
    x = vector.sort().values
    picture = plots.staircase(x, x.round(), "rounded")
    error = picture.figure.axes[1].lines[-1].get_ydata()
    assert np.allclose(error, (x.round() - x).numpy(), atol=1e-6)
    assert "rounded" in texts(picture)


def test_error_curves_show_the_choice_of_every_method() -> None:
    scales = torch.logspace(-2, 0, 30)
    chosen = {"sym": (0.5, 0.2), "SAWB": (0.1, 0.1)}
    picture = plots.error_curves({"A, 4 bits": (scales, scales**2, chosen)})
    assert drawn(picture, "SAWB").tolist() == [[0.1, 0.1]]
    assert drawn(picture, "sym").tolist() == [[0.5, 0.2]]
    assert "A, 4 bits" in texts(picture)


def test_histograms_give_levels_and_real_numbers_equal_areas(vector: torch.Tensor) -> None:
    picture = plots.histograms({"A": (vector, (vector / 0.5).round() * 0.5)})
    (levels,) = picture.figure.axes[0].collections
    heights = [segment[1, 1] for segment in levels.get_segments()]
    assert sum(heights) * 0.5 == pytest.approx(1)


def test_bias_shows_the_mean_error(vector: torch.Tensor) -> None:
    picture = bias({"A": (vector, {"SAWB": vector - 0.25, "sym": vector})})
    assert "SAWB, mean -0.25" in texts(picture)
    assert len({line.get_linestyle() for line in picture.figure.axes[1].lines[1:]}) == 2


def test_gradient_draws_the_gradient_of_its_argument() -> None:
    x = torch.linspace(-1, 1, 50)
    through = torch.full_like(x, 0.75)
    picture = plots.gradient(x, x.round(), through)
    assert (drawn(picture, "result of your backward")[:, 1] == 0.75).all()


def test_agreement_counts_differing_accumulators() -> None:
    accumulator = torch.arange(100)
    altered = accumulator.clone()
    altered[:10] += 1
    assert "90.00% equal" in texts(plots.agreement(accumulator, altered))


def test_plot_layers_histogram_shows_layers_of_both_models_together(
    float_model: nn.Module, pixels: torch.Tensor, ops
) -> None:
    before = quantize_model(float_model, ops, 2, 4, "sym", pixels)
    after = quantize_model(float_model, ops, 2, 4, "SAWB", pixels)
    picture = network_plots.plot_layers_histogram(before, after, ("PTQ", "QAT"))
    titles = [axis.get_title() for axis in picture.figure.axes if axis.get_visible()]
    assert titles[0] == "layer1.0.conv1"
    assert titles[-1] == "fc"
    assert len(titles) == 19
    axis = picture.figure.axes[0]
    assert sum(bar.get_height() for bar in axis.patches) == pytest.approx(2)  # of two models
    for container in axis.containers:  # whatever the scales are, bars are at the codes
        centers = [bar.get_x() + bar.get_width() / 2 for bar in container]
        assert {round(center) for center in centers} <= {-2, -1, 0, 1}
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in axis.patches)
    assert all(end <= start + 1e-9 for (_, end), (start, _) in itertools.pairwise(edges))
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("code", "share")
    assert {"PTQ", "QAT"} <= set(texts(picture).splitlines())


def test_accuracy_bars_show_their_numbers() -> None:
    picture = network_plots.accuracy_bars({"W8A8": {"images": 92.0, "noise": 41.0}}, "by source")
    assert {"92", "41", "W8A8", "images", "noise"} <= set(texts(picture).splitlines())


def test_sensitivity_names_every_layer() -> None:
    picture = network_plots.sensitivity({2: {"conv1": 10.0, "fc": 80.0}}, full=92.0)
    assert drawn(picture, "2 bits")[:, 1].tolist() == [10.0, 80.0]


def test_pareto_front_keeps_points_that_no_smaller_point_reaches() -> None:
    points = np.array([[10, 80], [20, 70], [20, 90], [30, 90], [15, 80]], dtype=float)
    assert network_plots.pareto_front(points).tolist() == [[10, 80], [20, 90]]


def test_pareto_shows_the_model_of_the_student_if_it_exists() -> None:
    uniform = {2: (64.0, 20.0), 8: (256.0, 92.0)}
    tried = [(64.0, 20.0), (256.0, 92.0), (90.0, 88.0)]
    picture = network_plots.pareto(tried, (90.0, 88.0), 85.0, uniform)
    assert drawn(picture, "your model").tolist() == [[90.0, 88.0]]
    assert "your model" not in texts(network_plots.pareto(tried, None, 85.0, uniform))


def test_pareto_draws_the_floor_of_the_assignment_and_of_the_search() -> None:
    uniform = {2: (64.0, 20.0), 8: (256.0, 92.0)}
    picture = network_plots.pareto([], None, 85.0, uniform, 94.05)
    assert drawn(picture, "floor of the assignment, 85 %")[:, 1].tolist() == [85.0, 85.0]
    assert drawn(picture, "floor of the search, 94.05 %")[:, 1].tolist() == [94.05, 94.05]
    assert "The floor of the search is 94.05 %" in picture.alt
    assert "search" not in network_plots.pareto([], None, 85.0, uniform).alt


# ---------------------------------------------------------------- alternative texts


def test_staircase_text_has_levels_and_errors() -> None:
    x = torch.linspace(-2, 2, 401)
    text = plots.staircase(x, x.clamp(-1, 1).round(), "Clipped").alt
    assert "3 levels from -1 to 1" in text
    assert "at most 0.5 near the levels and 1 beyond" in text


def test_error_curves_text_says_on_which_side_of_the_valley_a_method_is() -> None:
    scales = torch.tensor([0.5, 1.0, 2.0])
    errors = torch.tensor([2.0, 1.0, 3.0])
    chosen = {"SAWB": (1.12, 1.05), "sym": (0.5, 2.0), "heuristic": (1.0, 1.0)}
    text = plots.error_curves({"A, 4 bits": (scales, errors, chosen)}).alt
    assert "the valley is at s = 1" in text
    assert "SAWB is right of the valley by 12%, with 1.05 times the least error" in text
    assert "sym is left of the valley by 50%, with 2.00 times the least error" in text
    assert "heuristic is in the valley" in text


def test_bias_table_separates_clipped_values_from_those_inside() -> None:
    x = torch.cat([torch.linspace(-0.9, 0.9, 19), torch.tensor([4.0])])
    (row,) = bias_table({"A": (x, {"sym": x.round().clamp(-1, 1)})}).rows
    assert row[0] == "A, sym"
    assert float(row[1]) == pytest.approx(-0.15)
    assert row[3:] == ["–", "-3", "-3", "1"]


def test_histograms_text_has_the_share_of_the_most_frequent_level() -> None:
    recovered = torch.tensor([0.0, 0.0, 0.0, 1.0])
    text = plots.histograms({"B": (recovered + 0.1, recovered)}).alt
    assert "B: 2 levels from 0 to 1, 75% of the values" in text


def test_gradient_text_has_the_range_of_the_gradient() -> None:
    x = torch.linspace(-1, 1, 50)
    assert "between 0.75 and 0.75" in plots.gradient(x, x.round(), torch.full_like(x, 0.75)).alt


def test_sensitivity_text_names_the_layer_that_costs_most() -> None:
    text = network_plots.sensitivity({2: {"conv1": 10.0, "fc": 80.0}}, full=92.0).alt
    assert "conv1 costs most (10.0 %), fc least (80.0 %)" in text


def test_pareto_text_has_size_and_accuracy_of_your_model() -> None:
    uniform = {2: (64.0, 20.0)}
    text = network_plots.pareto([(90.0, 88.0)], (90.0, 88.0), 85.0, uniform).alt
    assert "Your model is 90.0 KiB and 88.0 %" in text
    assert "2 bits are 64.0 KiB and 20.0 %" in text


def test_bars_differ_by_hatch_and_curves_by_marker(vector: torch.Tensor) -> None:
    bars = network_plots.accuracy_bars({"W8A8": {"images": 92.0, "noise": 41.0}}, "by source")
    assert len({bar.get_hatch() for bar in bars.figure.axes[0].patches}) == 2
    chosen = {"sym": (1.0, 1.0), "heuristic": (2.0, 1.0), "SAWB": (3.0, 1.0)}
    curves = plots.error_curves({"A": (vector.abs(), vector.square() + 1, chosen)})
    assert len({line.get_marker() for line in curves.figure.axes[0].lines}) == 4
