"""Saved models, tables and bit widths: measured by the grader, and marked by stated rules."""

from dataclasses import replace

import numpy as np
import pytest

from autograder.checks.squared_error import SquaredError
from autograder.engine.record import Verdict
from quantlab.data.student_vectors import student_vectors
from quantlab.formats.answers_file import AnswersFile
from quantlab.formats.packed_model import kibibytes
from quantlab.intake.submission import Submission
from quantlab.network.resnet import layer_sizes
from quantlab.paths import CELLS


@pytest.fixture
def right_answers(tmp_path, oracle):
    """An answers.json in which every number is right."""
    file = AnswersFile(tmp_path / "answers.json", "ada", "CIFAR-10")
    for vector, values in student_vectors("ada").items():
        for method in ("sym", "heuristic", "SAWB"):
            for bits in (8, 4, 2):
                scale, _ = oracle.module.reset_scale_and_zero_point(values, bits, method)
                file.record_mse(
                    vector, method, bits, SquaredError(values.numpy()).at(float(scale), bits)
                )
    for cell in CELLS:
        for method in ("sym", "SAWB"):
            file.record_accuracy("ptq", cell, method, 80.4)
    file.record_bit_widths(dict.fromkeys(layer_sizes(), 6))
    return file.read()


def checks(report):
    return {check.id: check for check in report.checks}


def test_right_tables_earn_every_point(marked, right_answers):
    found = checks(marked(Submission("ada", None, right_answers)))
    for id, check in found.items():
        if id.startswith(("1b.A", "1b.B", "2c.", "3.bit")):
            assert check.verdict is Verdict.CORRECT, (id, check.message)


@pytest.mark.parametrize("factor", [0.9, 1.1, 0.0])
def test_a_wrong_error_costs_a_third_of_its_row(marked, right_answers, factor):
    mse = {v: {m: dict(c) for m, c in ms.items()} for v, ms in right_answers.mse.items()}
    mse["A"]["sym"][4] *= factor
    found = checks(marked(Submission("ada", None, replace(right_answers, mse=mse))))
    assert found["1b.A.sym"].verdict is Verdict.PARTIAL
    assert found["1b.A.sym"].points == pytest.approx(2 / 3, abs=1e-4)
    assert "4 bits" in found["1b.A.sym"].message
    assert found["1b.B.sym"].verdict is Verdict.CORRECT


def test_a_missing_cell_is_named_and_costs_only_itself(marked, right_answers):
    mse = {v: {m: dict(c) for m, c in ms.items()} for v, ms in right_answers.mse.items()}
    mse["B"]["SAWB"][2] = None
    found = checks(marked(Submission("ada", None, replace(right_answers, mse=mse))))
    assert found["1b.B.SAWB"].message == "Missing: 2 bits."
    assert found["1b.B.SAWB"].points == pytest.approx(2 / 3, abs=1e-4)


def test_a_table_made_from_another_student_s_vectors_is_wrong(marked, right_answers):
    stolen = replace(right_answers, student="grace")
    found = checks(marked(Submission("grace", None, stolen)))
    assert found["1b.A.sym"].points < found["1b.A.sym"].max_points
    assert found["1b.B.heuristic"].points < found["1b.B.heuristic"].max_points


def test_a_heuristic_better_than_the_reference_s_is_right(marked, right_answers):
    values = student_vectors("ada")["B"].numpy()
    mse = {v: {m: dict(c) for m, c in ms.items()} for v, ms in right_answers.mse.items()}
    mse["B"]["heuristic"] = {bits: SquaredError(values).least(bits) for bits in (8, 4, 2)}
    found = checks(marked(Submission("ada", None, replace(right_answers, mse=mse))))
    assert found["1b.B.heuristic"].verdict is Verdict.CORRECT


@pytest.mark.parametrize(("reported", "right"), [(80.99, True), (79.01, True), (81.1, False)])
def test_reported_accuracies_may_differ_by_a_point(marked, right_answers, reported, right):
    table = {t: {c: dict(m) for c, m in cs.items()} for t, cs in right_answers.table1.items()}
    table["ptq"]["W4A4"]["sym"] = reported
    found = checks(marked(Submission("ada", None, replace(right_answers, table1=table))))
    assert (found["2c.ptq.sym"].verdict is Verdict.CORRECT) is right


def test_numbers_made_on_another_data_set_are_not_marked(marked, right_answers):
    other = replace(right_answers, dataset="Shapes-10")
    found = checks(marked(Submission("ada", None, other)))
    assert found["2c.ptq.sym"].points == 0
    assert "Shapes-10" in found["2c.ptq.sym"].message


@pytest.mark.parametrize(
    ("accuracy", "verdict", "points"),
    [(95.0, Verdict.CORRECT, 5), (88.5, Verdict.PARTIAL, 2.5), (80.0, Verdict.WRONG, 0)],
)
def test_a_model_is_marked_by_its_measured_accuracy(
    marked, evaluator, full_models, accuracy, verdict, points
):
    evaluator.accuracies[b"W4A4"] = accuracy
    report = marked(Submission("ada", None, models=full_models))
    assert checks(report)["2d.model.W4A4"].verdict is verdict
    assert checks(report)["2d.model.W4A4"].points == pytest.approx(points)
    model = next(m for m in report.models if m.name == "ResNet20_W4A4.pt")
    assert (model.accuracy, model.images, model.threshold) == (accuracy, 10_000, 90.0)


def test_a_model_that_cannot_be_used_costs_itself_alone(marked, full_models):
    models = {**full_models, "ResNet20_W2A2.pt": b"garbage"}
    problems = {"ResNet20_W8A8.pt": "ResNet20_W8A8.pt is an HTML page."}
    del models["ResNet20_W8A8.pt"]
    found = checks(marked(Submission("ada", None, models=models, problems=problems)))
    assert found["2d.model.W2A2"].message == "This model is broken."
    assert found["2d.model.W8A8"].message == "ResNet20_W8A8.pt is an HTML page."
    assert found["2d.model.W4A4"].verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fc": None}, "No width is given for fc"),
        ({"fc": 0}, "1 to 8"),
        ({"fc": 9}, "1 to 8"),
        ({"conv1": 0}, "1 to 8"),
        ({"layer9": 4}, "no layer called layer9"),
    ],
)
def test_bit_widths_must_be_complete_and_whole(marked, right_answers, change, said):
    widths = {**right_answers.bit_widths, **change}
    widths = {name: bits for name, bits in widths.items() if bits is not None}
    found = checks(marked(Submission("ada", None, replace(right_answers, bit_widths=widths))))
    assert said in found["3.bit_widths.valid"].message
    assert found["3.bit_widths.valid"].points == 0
    assert found["3.bit_widths.accuracy"].verdict is Verdict.BLOCKED


@pytest.mark.parametrize(("accuracy", "points"), [(85.01, 15), (85.0, 0), (60.0, 0)])
def test_variable_precision_must_be_above_the_floor(
    marked, evaluator, right_answers, accuracy, points
):
    evaluator.variable = accuracy
    found = checks(marked(Submission("ada", None, right_answers)))
    assert found["3.bit_widths.accuracy"].points == points


def test_a_small_model_earns_a_bonus_only_above_the_floor(marked, evaluator, right_answers):
    small = replace(right_answers, bit_widths=dict.fromkeys(layer_sizes(), 2))
    assert marked(Submission("ada", None, small)).bonus == 3
    evaluator.variable = 70.0
    assert marked(Submission("ada", None, small)).bonus == 0


def test_the_size_counts_every_weight_and_a_scale_per_layer():
    widths = dict.fromkeys(layer_sizes(), 8)
    assert kibibytes(widths) == pytest.approx((268_336 + 20 * 4) / 1024)


def test_squared_errors_by_intervals_are_the_plain_ones():
    values = np.random.default_rng(0).standard_t(5, 5_000).astype(np.float32)
    errors = SquaredError(values)
    for bits in (2, 3, 8):
        for scale in (0.013, 0.4, 3.0):
            x, half = values.astype(np.float64), 2 ** (bits - 1)
            plain = np.mean((x - scale * np.clip(np.round(x / scale), -half, half - 1)) ** 2)
            assert errors.at(scale, bits) == pytest.approx(plain, rel=1e-9)


def test_no_scale_of_a_fine_grid_beats_the_least_error():
    values = np.random.default_rng(1).uniform(-1, 1, 2_000).astype(np.float32)
    errors = SquaredError(values)
    for bits in (2, 3, 4):
        scales = np.linspace(0.01, 2.5, 4_000) / 2 ** (bits - 1)
        assert errors.least(bits) <= min(errors.at(s, bits) for s in scales) * (1 + 1e-4)


PACKED = "ResNet20_variable.packed"


@pytest.fixture
def packed_submission(evaluator, right_answers):
    """A packed model whose codes have 2 bits; answers.json says 6."""
    evaluator.packed_widths[b"packed"] = dict.fromkeys(layer_sizes(), 2)
    return Submission("ada", None, right_answers, {PACKED: b"packed"})


def test_a_removed_convolution_takes_no_room(marked, right_answers):
    widths = {**right_answers.bit_widths, "layer3.1.conv1": 0}
    found = checks(marked(Submission("ada", None, replace(right_answers, bit_widths=widths))))
    assert found["3.bit_widths.valid"].points == 5
    assert kibibytes(right_answers.bit_widths) - kibibytes(widths) == (36_864 * 6 / 8 + 4) / 1024


def test_a_packed_model_has_the_size_of_its_codes_and_staff_hear_of_other_claims(
    marked, packed_submission
):
    report = marked(packed_submission)
    assert report.bonus == 3
    assert "65.6 KiB" in checks(report)["3.bit_widths.accuracy"].message
    assert any("other widths in 20 layers (conv1 6 and 2" in flag for flag in report.flags)


def test_a_packed_model_of_the_claimed_widths_is_not_flagged(
    marked, packed_submission, right_answers
):
    same = replace(right_answers, bit_widths=dict.fromkeys(layer_sizes(), 2))
    assert not marked(replace(packed_submission, answers=same)).flags


def test_a_packed_model_is_marked_without_tables(marked, packed_submission):
    found = checks(marked(replace(packed_submission, answers=None)))
    assert found["3.bit_widths.accuracy"].points == 15
    assert found["3.bit_widths.valid"].points == 0


def test_a_broken_packed_model_is_not_replaced_by_the_claimed_widths(marked, packed_submission):
    broken = replace(packed_submission, models={PACKED: b"other"})
    check = checks(marked(broken))["3.bit_widths.accuracy"]
    assert (check.points, check.message) == (0, "This packed model is broken.")
