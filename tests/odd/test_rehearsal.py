"""A student's rehearsal of an odd submission says what the grader's report says."""

import re
import shutil
from pathlib import Path

import pytest

from autograder.engine.corpus import OddCase, load_odd_cases
from autograder.engine.record import Report
from quantlab.errors import UnreadableSubmission
from quantlab.rehearsal.assess import Rehearsal
from quantlab.rehearsal.rehearse import rehearse
from tests.odd.conftest import STUDENT, Grade

SHORT = {  # the kinds of sentences; the others are long
    *("imports/notebook_magic", "reports/final_pdf", "models/whole_module"),
    *("answers/number_as_text", "archives/tar_gz", "names/german_copy"),
}
CASES = [
    pytest.param(case, id=case.name, marks=[] if case.name in SHORT else pytest.mark.long)
    for case in load_odd_cases()
]


@pytest.mark.parametrize("case", CASES)
def test_rehearsal_agrees_with_the_report(
    case: OddCase, grade: Grade, right: Path, tmp_path: Path
) -> None:
    report = grade(case)
    folder = tmp_path / "rehearsed" / STUDENT
    shutil.copytree(right, folder)
    path = case.build(folder)
    try:
        rehearsal = rehearse(path)
    except UnreadableSubmission:
        assert report.review
        return
    assert bool(rehearsal.review) is bool(report.review), (rehearsal.review, report.review)
    assert unmentioned(report, rehearsal) == []


def unmentioned(report: Report, rehearsal: Rehearsal) -> list[str]:
    """Return the notes of the report that the rehearsal does not show."""
    shown = {_words(note) for note in rehearsal.notes}
    return [note for note in report.notes if _words(note) not in shown]


def _words(sentence: str) -> str:
    return re.sub(r"\s+", " ", sentence).strip(" .")
