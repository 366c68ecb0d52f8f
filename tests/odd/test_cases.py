"""Every odd but honest submission of the corpus ends as its case says, in every output."""

import fnmatch
import io
import json

import pytest
from rich.console import Console

from autograder.engine.corpus import OddCase, load_odd_cases
from autograder.engine.record import CheckResult, Report, Verdict
from autograder.platforms.nbgrader_course.autograde_preprocessor import automatic_score
from autograder.report import gradescope, html, summary_csv
from autograder.report.terminal import print_report
from tests.odd.conftest import Grade

CASES = load_odd_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_odd_submission_ends_as_its_case_says(case: OddCase, grade: Grade) -> None:
    report = grade(case)
    checks = [check for check in report.checks if _matches(check, case)]
    assert checks, f"no check matches {case.checks}"
    if case.kind == "review":
        assert any(case.says in sentence for sentence in report.review), report.review
        lost = {check.id for check in checks if check.points < check.max_points}
        assert lost <= set(report.review_checks)
    else:
        assert report.review == ()
        assert any(case.says in note for note in report.notes) or case.kind == "final", report.notes
    assert _points(checks) == _expected_points(case, checks), [c.message for c in checks]
    assert not [c.id for c in checks if c.verdict in (Verdict.MISSING, Verdict.GRADER_FAULT)] or (
        case.kind == "review" or case.points is not None
    )
    _check_outputs(report, case)


def _matches(check: CheckResult, case: OddCase) -> bool:
    return any(fnmatch.fnmatchcase(check.id, pattern) for pattern in case.checks)


def _points(checks: list[CheckResult]) -> float:
    return sum(check.points for check in checks)


def _expected_points(case: OddCase, checks: list[CheckResult]) -> float:
    if case.points is not None:
        return case.points
    automatic = [check for check in checks if check.source != "person"]
    return 0 if case.kind == "review" else sum(check.max_points for check in automatic)


def _check_outputs(report: Report, case: OddCase) -> None:
    """Check that every output says the same: not final, or final with its notes."""
    stream = io.StringIO()
    print_report(report, Console(width=400, file=stream))
    page, terminal = html.render(report), stream.getvalue()
    posted = json.loads(gradescope.render(report))
    (staff,) = [test for test in posted["tests"] if test["number"] == "staff"]
    not_final = case.kind == "review"
    assert ("This score is not final." in page) is not_final
    assert ("NEEDS REVIEW:" in terminal) is not_final
    assert posted["output"].startswith("NOT FINAL") is not_final
    assert ("NEEDS REVIEW:" in staff["output"]) is not_final
    assert staff["visibility"] == "hidden"
    assert posted["score"] == report.auto_score + report.bonus
    assert Report.from_json(report.to_json()) == report
    for sentence in (*report.review, *report.notes):
        assert sentence in terminal.replace("\n", "")
        assert sentence in posted["output"]
        assert sentence in summary_csv.summary_csv([report]).replace('""', '"')
    for question in {id.split(".", 1)[0] for id in report.review_checks}:
        assert automatic_score(report, question) is None
