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

SHORT = {  # one of each kind; .ci/long runs all
    *("archives/rar", "encodings/gbk", "imports/imports_colab", "models/compiled_model"),
    *("models/whole_module", "names/two_versions", "answers/not_a_number"),
}
CASES = [
    pytest.param(case, id=case.name, marks=[] if case.name in SHORT else pytest.mark.longer)
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
    """Return a note without the part of a module's name that depends on installed packages."""
    return (
        re.sub(r"\s+", " ", sentence).strip(" .").replace("imports google.colab", "imports google")
    )
