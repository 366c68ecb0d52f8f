"""The calls into solution.py: the reference earns all, the stub nothing, a bug its own points."""

import pytest

from authoring.examples import HALF_RIGHT
from autograder.engine.record import Verdict
from quantlab.intake.submission import Submission


def calls(report):
    return [check for check in report.checks if check.source == "call"]


def lost(report):
    return {check.id for check in calls(report) if check.points < check.max_points}


def test_grade_submission_gives_the_reference_every_point(marked, reference_source):
    report = marked(Submission("ada", reference_source))
    assert lost(report) == set()
    assert {check.verdict for check in calls(report)} == {Verdict.CORRECT}
    assert len(calls(report)) == 31


def test_grade_submission_gives_the_stub_no_points(marked, stub_source):
    report = marked(Submission("ada", stub_source))
    assert report.auto_score == 0
    assert {check.verdict for check in report.checks} == {Verdict.MISSING}


# What each half-right example must lose, and nothing else: a bug costs once.
LOST = {
    "truncates": {
        "1a.linear_quantize.signed",
        "1a.linear_quantize.unsigned",
        "1a.linear_quantize.zero_point",
        "1a.linear_quantize.every_width",
        "1a.linear_quantize.pure",
        "1a.reset.heuristic",  # the search measures its candidates with linear_quantize
        "1a.reset.heuristic_above_maximum",
    },
    "standard-deviation": {"1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"},
    "clipped-gradient-not-rescaled": {"2a.STE.gradient", "2a.STE.arguments"},
    "forgets-weight-scale": {
        "2b.quantized_conv2d.values",
        "2b.quantized_conv2d.geometry",
        "2b.quantized_conv2d.uses_integer_conv2d",
    },
    "ignores-the-floor": {"3.search.floor", "3.search.size"},
}


@pytest.mark.parametrize("example", HALF_RIGHT, ids=lambda example: example.name)
def test_grade_submission_deducts_points_only_for_what_is_broken(marked, reference_source, example):
    report = marked(Submission("ada", reference_source + example.patch))
    assert {id.split(".")[0] for id in lost(report)} == {example.breaks}
    assert lost(report) <= LOST[example.name]


@pytest.mark.parametrize("student", ["ada", "grace", "edsger", "barbara", "alan"])
def test_grade_submission_accepts_the_reference_for_any_student(marked, reference_source, student):
    assert lost(marked(Submission(student, reference_source))) == set()


def test_grade_submission_grades_a_layer_apart_from_wrong_helpers(marked, reference_source):
    broken = (
        "\n\ndef integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):\n"
        "    x, w = input.double(), weight.double()\n"
        "    y = F.conv2d(x, w, None, stride, padding, dilation, groups)\n"
        "    return y.to(torch.int32) + 1\n"
    )
    report = marked(Submission("ada", reference_source + broken))
    checks = {check.id: check for check in report.checks}
    assert checks["2b.integer_conv2d.values"].points == 0
    layer = checks["2b.quantized_conv2d.values"]
    assert layer.points == layer.max_points == layer.points_alone
    assert "Right when integer_conv2d is" in layer.message


def test_grade_submission_detects_a_bypass_of_integer_conv2d(marked, reference_source):
    bypass = (
        "\n\ndef quantized_conv2d_function(\n"
        "    input, weight, bias, s_x, s_w, stride=1, padding=0, dilation=1, groups=1\n"
        "):\n"
        "    x, w = input.double(), weight.double()\n"
        "    y = F.conv2d(x, w, None, stride, padding, dilation, groups)\n"
        "    if bias is not None:\n"
        "        y = y + bias.view(-1, 1, 1)\n"
        "    return (s_x * s_w * y).float()\n"
    )
    report = marked(Submission("ada", reference_source + bypass))
    assert lost(report) == {"2b.quantized_conv2d.uses_integer_conv2d"}


def test_grade_submission_explains_missing_functions_and_signatures(marked, reference_source):
    renamed = reference_source.replace("def get_scale(", "def scale_of(").replace(
        "= get_scale(", "= scale_of("
    )
    checks = {c.id: c for c in marked(Submission("ada", renamed)).checks}
    assert checks["1a.get_scale.handed_out_widths"].verdict is Verdict.MISSING
    assert "has no function get_scale" in checks["1a.get_scale.handed_out_widths"].message
    patched = reference_source + "\n\ndef linear_dequantize(codes):\n    return codes\n"
    checks = {c.id: c for c in marked(Submission("ada", patched)).checks}
    assert checks["1a.linear_dequantize.values"].verdict is Verdict.ERROR
    assert "linear_dequantize" in checks["1a.linear_dequantize.values"].message


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("return scale * (input + zero_point).flatten()", Verdict.BAD_SHAPE),
        ("return None", Verdict.WRONG),
        ("return scale * (input + zero_point) * float('nan')", Verdict.WRONG),
        ("raise ValueError('no')", Verdict.ERROR),
        ("return (scale * (input + zero_point)).double()", Verdict.CORRECT),
    ],
)
def test_grade_submission_assigns_the_verdict_of_each_answer(
    marked, reference_source, body, verdict
):
    patch = f"\n\ndef linear_dequantize(input, scale, zero_point):\n    {body}\n"
    report = marked(Submission("ada", reference_source + patch))
    checks = {check.id: check for check in report.checks}
    assert checks["1a.linear_dequantize.values"].verdict is verdict


def test_grade_submission_rejects_integers_returned_as_floats(marked, reference_source):
    patch = (
        "\n\ndef integer_linear(input, weight):\n    return input.double() @ weight.double().T\n"
    )
    report = marked(Submission("ada", reference_source + patch))
    checks = {check.id: check for check in report.checks}
    assert checks["2b.integer_linear.values"].verdict is Verdict.BAD_DTYPE


def test_grade_submission_detects_accumulation_in_float32(marked, reference_source):
    patch = (
        "\n\ndef integer_linear(input, weight):\n"
        "    return (input.float() @ weight.float().T).round().to(torch.int32)\n"
    )
    report = marked(Submission("ada", reference_source + patch))
    assert lost(report) == {"2b.integer_linear.beyond_float32"}
