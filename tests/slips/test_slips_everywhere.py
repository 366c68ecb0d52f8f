"""A truncating submission costs 4 points, not 10, in every output that sums points."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from rich.console import Console

from autograder.course.manual_scores import ManualScore
from autograder.course.outputs import write_all
from autograder.course.outputs.class_json import class_json, read_class
from autograder.course.outputs.junit import junit_xml
from autograder.course.outputs.nbgrader_rows import gradebook_cells, gradebook_rows
from autograder.course.outputs.score_breakdown import feedback_lines
from autograder.course.policy import Policy, apply_manual_scores, apply_policy
from autograder.engine.record import Report
from autograder.grading.submission import GradingContext, grade_submission
from autograder.pytest_plugin import LostPoints
from autograder.report import gradescope, html, wording
from autograder.report.nbgrader import question_text
from autograder.report.summary_csv import summary_csv
from autograder.report.terminal import print_report
from quantlab.intake.submission import Submission
from tests.class_outputs.people import a_record, an_outcome
from tests.conftest import InProcessPlayer, KnownMeasurements

SENTENCE = "One mistake explains these five checks: -4, not -10."
TRUNCATES = """

def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.trunc(input / scale) - zero_point, low, high)
"""
STRANGE = TRUNCATES.replace("torch.trunc(input / scale)", "torch.trunc(input / scale + 0.3)")


@pytest.fixture(scope="module")
def grade_1a(rubric, secret, oracle, misconceptions, reference_source):
    context = GradingContext(
        rubric, secret, oracle, KnownMeasurements(), misconceptions, selected="1a.*"
    )

    def grade(code: str) -> Report:
        submission = Submission("ada", reference_source + code)
        return replace(grade_submission(submission, context, InProcessPlayer()), provisional=False)

    return grade


@pytest.fixture(scope="module")
def report(grade_1a) -> Report:
    return grade_1a(TRUNCATES)


def policy_scores(report: Report, manual=None):
    return apply_policy(a_record(an_outcome(report)), Policy(), manual or {})


def test_report_caps_the_mistake(report):
    assert sum(check.points for check in report.checks) == report.auto_max - 10
    assert report.auto_score == report.questions[0].score == report.auto_max - 4
    record = json.loads(report.to_json())
    (slip,) = record["slips"]
    assert (slip["lost"], slip["cap"], slip["returned"]) == (10, 4, 6)
    assert len(slip["checks"]) == 5
    assert record["auto_score"] == 26


def test_report_flags_an_unnamed_mistake(grade_1a):
    report = grade_1a(STRANGE)
    assert report.slips == ()
    assert report.auto_score == 20
    assert any("One unnamed mistake may explain 5" in flag for flag in report.flags)


def test_report_page_shows_the_cap(report):
    page = html.render(report)
    assert page.count(SENTENCE) == 2
    assert "+6" in page
    assert "26 / 30" in page


def test_terminal_shows_the_cap(report):
    console = Console(width=300, record=True, quiet=False, file=io.StringIO())
    print_report(report, console)
    text = console.export_text()
    assert SENTENCE in text
    assert "26 of 30 automatic points" in text


@pytest.mark.parametrize("hidden", ["visible", "after_published"])
def test_gradescope_adds_up(report, hidden):
    results = json.loads(gradescope.render(report, hidden))
    scores = [test["score"] for test in results["tests"] if "score" in test]
    assert results["score"] == sum(scores) == 26
    (slip,) = [test for test in results["tests"] if test.get("number") == "1a.slip"]
    assert SENTENCE in slip["output"]
    assert slip["visibility"] == hidden  # two of the five checks are hidden


def test_tables_and_texts_agree(report):
    (row,) = csv.DictReader(io.StringIO(summary_csv([report])))
    assert float(row["auto_score"]) == float(row["1a"]) == 26
    assert SENTENCE in row["slips"]
    text = question_text(report, "1a")
    assert "26 of 30 automatic points" in text
    assert SENTENCE in text


def test_class_outputs_agree(report, tmp_path):
    record = a_record(an_outcome(report))
    scores = policy_scores(report)
    assert (scores[0].automatic, scores[0].total) == (26, 26)
    assert any(SENTENCE in line for line in feedback_lines(scores[0]))
    (suite,) = ET.fromstring(junit_xml(record, "t"))
    assert SENTENCE in suite.findtext("system-out", "")
    whole = class_json(record, scores, Policy())
    assert read_class(whole).outcomes[0].report == report
    cells = gradebook_cells(record)
    (student,) = gradebook_rows(record, scores, cells)
    assert student.cells["auto-1a"].automatic == 26
    write_all(record, tmp_path, Policy(), {})
    (final,) = csv.DictReader(io.StringIO((tmp_path / "final.csv").read_text()))
    assert float(final["total"]) == 26
    page = (tmp_path / "students" / "ada" / "report.html").read_text()
    assert re.search(r"Automatic points</th><td>26 / 30", page)


def test_manual_scores_and_slips_add_up(report):
    by_check = {("ada", "1a.linear_quantize.signed"): ManualScore(3, "Fine.")}
    (score,) = policy_scores(report, by_check)
    assert score.automatic == 26  # 3 by hand; four checks lost 7, and the cap returns 3
    record = apply_manual_scores(a_record(an_outcome(report)), [score])
    assert record.outcomes[0].report.auto_score == 26
    by_question = {("ada", "auto-1a"): ManualScore(11, "By hand.")}
    (score,) = policy_scores(report, by_question)
    assert (score.automatic, score.slips) == (11, ())


def test_pytest_plugin_shows_the_cap(report):
    check = next(c for c in report.checks if c.id == "1a.linear_quantize.signed")
    assert SENTENCE in str(LostPoints(check, wording.slip_sentences(report)))
