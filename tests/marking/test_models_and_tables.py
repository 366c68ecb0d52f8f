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


def test_grade_submission_gives_right_tables_every_point(marked, right_answers):
    results = checks(marked(Submission("ada", None, right_answers)))
    for id, check in results.items():
        if id.startswith(("1b.A", "1b.B", "2c.", "3.bit")):
            assert check.verdict is Verdict.CORRECT, (id, check.message)


@pytest.mark.parametrize("factor", [0.9, 1.1, 0.0])
def test_error_table_check_deducts_a_third_for_a_wrong_error(marked, right_answers, factor):
    mse = {v: {m: dict(c) for m, c in ms.items()} for v, ms in right_answers.mse.items()}
    mse["A"]["sym"][4] *= factor
    results = checks(marked(Submission("ada", None, replace(right_answers, mse=mse))))
    assert results["1b.A.sym"].verdict is Verdict.PARTIAL
    assert results["1b.A.sym"].points == pytest.approx(2 / 3, abs=1e-4)
    assert "4 bits" in results["1b.A.sym"].message
    assert results["1b.B.sym"].verdict is Verdict.CORRECT


def test_error_table_check_names_a_missing_cell(marked, right_answers):
    mse = {v: {m: dict(c) for m, c in ms.items()} for v, ms in right_answers.mse.items()}
    mse["B"]["SAWB"][2] = None
    results = checks(marked(Submission("ada", None, replace(right_answers, mse=mse))))
    assert results["1b.B.SAWB"].message == "Missing: 2 bits."
    assert results["1b.B.SAWB"].points == pytest.approx(2 / 3, abs=1e-4)


def test_error_table_check_rejects_a_table_of_another_student(marked, right_answers):
    stolen = replace(right_answers, student="grace")
    results = checks(marked(Submission("grace", None, stolen)))
    assert results["1b.A.sym"].points < results["1b.A.sym"].max_points
    assert results["1b.B.heuristic"].points < results["1b.B.heuristic"].max_points


def test_error_table_check_accepts_a_better_heuristic(marked, right_answers):
    values = student_vectors("ada")["B"].numpy()
    mse = {v: {m: dict(c) for m, c in ms.items()} for v, ms in right_answers.mse.items()}
    mse["B"]["heuristic"] = {bits: SquaredError(values).least(bits) for bits in (8, 4, 2)}
    results = checks(marked(Submission("ada", None, replace(right_answers, mse=mse))))
    assert results["1b.B.heuristic"].verdict is Verdict.CORRECT


@pytest.mark.parametrize(("reported", "right"), [(80.99, True), (79.01, True), (81.1, False)])
def test_post_training_table_check_accepts_a_difference_of_a_point(
    marked, right_answers, reported, right
):
    table = {t: {c: dict(m) for c, m in cs.items()} for t, cs in right_answers.table1.items()}
    table["ptq"]["W4A4"]["sym"] = reported
    results = checks(marked(Submission("ada", None, replace(right_answers, table1=table))))
    assert (results["2c.ptq.sym"].verdict is Verdict.CORRECT) is right


def test_post_training_table_check_rejects_another_data_set(marked, right_answers):
    other = replace(right_answers, dataset="Shapes-10")
    results = checks(marked(Submission("ada", None, other)))
    assert results["2c.ptq.sym"].points == 0
    assert "Shapes-10" in results["2c.ptq.sym"].message


@pytest.mark.parametrize(
    ("accuracy", "verdict", "points"),
    [(95.0, Verdict.CORRECT, 5), (88.5, Verdict.PARTIAL, 2.5), (80.0, Verdict.WRONG, 0)],
)
def test_model_check_grades_the_measured_accuracy(
    marked, evaluator, full_models, accuracy, verdict, points
):
    evaluator.accuracies[b"W4A4"] = accuracy
    report = marked(Submission("ada", None, models=full_models))
    assert checks(report)["2d.model.W4A4"].verdict is verdict
    assert checks(report)["2d.model.W4A4"].points == pytest.approx(points)
    model = next(m for m in report.models if m.name == "ResNet20_W4A4.pt")
    assert (model.accuracy, model.images, model.threshold) == (accuracy, 10_000, 90.0)


def test_model_check_explains_only_the_models_it_cannot_use(marked, full_models):
    models = {**full_models, "ResNet20_W2A2.pt": b"garbage"}
    problems = {"ResNet20_W8A8.pt": "ResNet20_W8A8.pt is an HTML page."}
    del models["ResNet20_W8A8.pt"]
    results = checks(marked(Submission("ada", None, models=models, problems=problems)))
    assert results["2d.model.W2A2"].message == "This model is broken."
    assert results["2d.model.W8A8"].message == "ResNet20_W8A8.pt is an HTML page."
    assert results["2d.model.W4A4"].verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fc": None}, "No width is given for fc"),
        ({"fc": 0}, "1 to 8"),
        ({"fc": 9}, "1 to 8"),
        ({"conv1": 0}, "1 to 8"),
        ({"layer9": 4}, "no layer called layer9"),
    ],
)
def test_bit_widths_rejects_incomplete_and_invalid_widths(marked, right_answers, change, reason):
    widths = {**right_answers.bit_widths, **change}
    widths = {name: bits for name, bits in widths.items() if bits is not None}
    results = checks(marked(Submission("ada", None, replace(right_answers, bit_widths=widths))))
    assert reason in results["3.bit_widths.valid"].message
    assert results["3.bit_widths.valid"].points == 0
    assert results["3.bit_widths.accuracy"].verdict is Verdict.BLOCKED


@pytest.mark.parametrize(("accuracy", "points"), [(85.01, 15), (85.0, 0), (60.0, 0)])
def test_variable_precision_must_be_above_the_floor(
    marked, evaluator, right_answers, accuracy, points
):
    evaluator.variable = accuracy
    results = checks(marked(Submission("ada", None, right_answers)))
    assert results["3.bit_widths.accuracy"].points == points


def test_grade_submission_gives_a_bonus_only_above_the_floor(marked, evaluator, right_answers):
    small = replace(right_answers, bit_widths=dict.fromkeys(layer_sizes(), 2))
    assert marked(Submission("ada", None, small)).bonus == 3
    evaluator.variable = 70.0
    assert marked(Submission("ada", None, small)).bonus == 0


def test_kibibytes_counts_every_weight_and_a_scale_per_layer():
    widths = dict.fromkeys(layer_sizes(), 8)
    assert kibibytes(widths) == pytest.approx((268_336 + 20 * 4) / 1024)


def test_squared_error_at_equals_the_plain_computation():
    values = np.random.default_rng(0).standard_t(5, 5_000).astype(np.float32)
    errors = SquaredError(values)
    for bits in (2, 3, 8):
        for scale in (0.013, 0.4, 3.0):
            x, half = values.astype(np.float64), 2 ** (bits - 1)
            plain = np.mean((x - scale * np.clip(np.round(x / scale), -half, half - 1)) ** 2)
            assert errors.at(scale, bits) == pytest.approx(plain, rel=1e-9)


def test_squared_error_least_is_at_most_that_of_any_scale():
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


def test_kibibytes_counts_no_weights_of_a_removed_convolution(marked, right_answers):
    widths = {**right_answers.bit_widths, "layer3.1.conv1": 0}
    results = checks(marked(Submission("ada", None, replace(right_answers, bit_widths=widths))))
    assert results["3.bit_widths.valid"].points == 5
    assert kibibytes(right_answers.bit_widths) - kibibytes(widths) == (36_864 * 6 / 8 + 4) / 1024


def test_grade_submission_sizes_packed_models_and_flags_other_claims(marked, packed_submission):
    report = marked(packed_submission)
    assert report.bonus == 3
    assert "65.6 KiB" in checks(report)["3.bit_widths.accuracy"].message
    assert any("other widths in 20 layers (conv1 6 and 2" in flag for flag in report.flags)


def test_grade_submission_shows_a_pseudonym_only_with_a_packed_model(
    marked, packed_submission, right_answers
):
    answers = replace(right_answers, leaderboard="Captain Clip")
    packed = checks(marked(replace(packed_submission, answers=answers)))["3.bit_widths.accuracy"]
    assert packed.evidence == {"kibibytes": 65.59, "packed": True, "leaderboard": "Captain Clip"}
    widths = checks(marked(Submission("ada", None, answers)))["3.bit_widths.accuracy"]
    assert widths.evidence.keys() == {"kibibytes"}
    silent = checks(marked(packed_submission))["3.bit_widths.accuracy"]
    assert "leaderboard" not in silent.evidence


def test_grade_submission_does_not_flag_matching_bit_widths(
    marked, packed_submission, right_answers
):
    same = replace(right_answers, bit_widths=dict.fromkeys(layer_sizes(), 2))
    assert not marked(replace(packed_submission, answers=same)).flags


def test_variable_precision_grades_a_packed_model_without_tables(marked, packed_submission):
    results = checks(marked(replace(packed_submission, answers=None)))
    assert results["3.bit_widths.accuracy"].points == 15
    assert results["3.bit_widths.valid"].points == 0


def test_variable_precision_rejects_a_broken_packed_model(marked, packed_submission):
    broken = replace(packed_submission, models={PACKED: b"other"})
    check = checks(marked(broken))["3.bit_widths.accuracy"]
    assert (check.points, check.message) == (0, "This packed model is broken.")
