"""One call writes everything, whole or not at all, and loses nobody's marks."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from authoring.attack.page_check import problems_of_page
from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.manual_scores import ManualScore, ManualScores
from autograder.course.outputs import UnwritableOutputs, write_all
from autograder.course.outputs.class_json import read_class
from autograder.course.outputs.gradebook_database import DATABASE
from autograder.course.policy import Policy, PolicyError, Status
from autograder.engine.executor import Executor
from autograder.grading.preparation import prepare_grading
from autograder.grading.submission import Trace, grade_submission
from autograder.paths import REFERENCE
from autograder.platforms.nbgrader_gradebook import (
    CellScore,
    GradedCell,
    StudentRow,
    write_gradebook,
)
from quantlab.intake.submission import Submission
from tests.class_outputs.people import WRITTEN, a_record, a_report, an_entry, an_outcome
from tests.gradescope.schema import SCHEMA


def test_write_all_writes_every_file_and_a_page_per_student(
    record: ClassRecord, policy: Policy, manual: ManualScores, tmp_path: Path
) -> None:
    written = write_all(record, tmp_path, policy, manual)
    names = {path.name for path in tmp_path.iterdir()} - {"course_secret"}
    assert names == {
        *("class.html", "class.json", "canvas.csv", "moodle.csv", "junit.xml", "nbgrader"),
        *("final.csv", "students", "staff"),
    }
    assert set(written.files) == {
        path for path in tmp_path.rglob("*") if path.is_file() and path.name != "course_secret"
    }
    with_work = {score.member for score in written.scores if score.submission} - {"broken"}
    assert {path.name for path in (tmp_path / "students").iterdir()} == with_work
    for member in with_work:
        results = json.loads((tmp_path / "students" / member / "results.json").read_text())
        jsonschema.validate(results, SCHEMA)


def test_write_all_shows_each_step_of_the_score_on_a_student_page(
    record: ClassRecord, policy: Policy, manual: ManualScores, tmp_path: Path
) -> None:
    written = write_all(record, tmp_path, policy, manual)
    late = next(
        score for score in written.scores if score.penalty and score.written and score.total
    )
    page = (tmp_path / "students" / late.member / "report.html").read_text()
    assert f"Late ({late.reason.rstrip('.')})" in page
    assert f"−{late.penalty:g}" in page
    assert f">Score</th><td>{late.total:g}" in page
    assert "Graded by staff: Well said." in page
    assert problems_of_page(page) == []


def test_write_all_links_only_to_pages_that_exist(
    record: ClassRecord, policy: Policy, tmp_path: Path
) -> None:
    wrong = next(o for o in record.outcomes if o.report and o.report.auto_score < 100)
    earlier = replace(wrong, report=a_report(wrong.entry.student))
    previous = replace(record, outcomes=(earlier,))
    write_all(record, tmp_path, policy, {}, previous=previous)
    for page in (tmp_path / "class.html", tmp_path / "staff" / "audit.html"):
        links = {part.split('"')[0] for part in page.read_text().split('href="')[1:]}
        files = [link for link in links if link.endswith("report.html")]
        assert files
        assert all((page.parent / link).is_file() for link in files)


def test_write_all_writes_equal_bytes_for_an_equal_class(
    record: ClassRecord, policy: Policy, manual: ManualScores, tmp_path: Path
) -> None:
    for run in ("one", "two"):
        write_all(record, tmp_path / run, policy, manual)
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file() and path.name != "gradebook.db":  # SQLite rows have random keys
            other = tmp_path / "two" / path.relative_to(tmp_path / "one")
            assert path.read_bytes() == other.read_bytes(), path


def test_write_all_writes_nothing_when_the_policy_does_not_fit(
    record: ClassRecord, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(PolicyError):
        write_all(record, out, Policy(excused=frozenset({"nobody"})), {})
    assert not out.exists()


def test_write_all_keeps_manual_scores_of_an_existing_gradebook(tmp_path: Path) -> None:
    record = a_record(an_outcome(a_report("ada")))
    cells = [GradedCell("written-1b", 4, True)]
    place = tmp_path / DATABASE
    place.parent.mkdir()
    write_gradebook(place, cells, [StudentRow("ada", None, 0, {"written-1b": CellScore(None, 3)})])
    before = place.read_bytes()
    with pytest.raises(UnwritableOutputs, match="3 points for written-1b of ada"):
        write_all(record, tmp_path, Policy(), {})
    assert place.read_bytes() == before
    write_all(record, tmp_path, Policy(), {("ada", "1b.explanation"): ManualScore(3)})
    assert place.read_bytes() != before


def test_write_all_counts_students_left_out_of_each_gradebook(
    record: ClassRecord, policy: Policy, manual: ManualScores, tmp_path: Path
) -> None:
    written = write_all(record, tmp_path, policy, manual)
    counts = Counter(score.status for score in written.scores)
    assert (counts[Status.EXCUSED], counts[Status.MISSING], counts[Status.NEEDS_REVIEW]) == (
        1,
        2,
        2,
    )
    awaiting = counts[Status.AWAITING_MARKING]
    assert {
        f"{awaiting + 4} students are not in canvas.csv, without a final score "
        f"(missing: 2, needs review: 2, not graded yet: {awaiting}).",
        f"5 students are not in {DATABASE}, without a final score "
        "(excused: 1, missing: 2, needs review: 2).",
        f"{awaiting} in {DATABASE} still have written answers to grade: do so in formgrader "
        "before scores are exported from it.",
    } <= set(written.notes)


def _provisional(record: ClassRecord) -> ClassRecord:
    return replace(
        record,
        outcomes=tuple(
            replace(outcome, report=outcome.report and replace(outcome.report, provisional=True))
            for outcome in record.outcomes
        ),
    )


def test_write_all_of_a_provisional_run_removes_gradebooks(
    record: ClassRecord, policy: Policy, tmp_path: Path
) -> None:
    gradebooks = ("canvas.csv", "moodle.csv", "final.csv", DATABASE)
    write_all(record, tmp_path, policy, {})
    assert all((tmp_path / name).exists() for name in gradebooks)
    written = write_all(_provisional(record), tmp_path, policy, {})
    assert not any((tmp_path / name).exists() for name in gradebooks)
    notes = " ".join(written.notes)
    assert "PROVISIONAL" in notes
    removed = ("canvas.csv", "moodle.csv", "final.csv", "nbgrader")
    assert all(f"Removed {tmp_path / name}" in notes for name in removed)
    pages = [path for path in written.files if path.suffix == ".html"]
    assert len(pages) > 50
    for page in pages:
        assert "provisional" in page.read_text().casefold(), page
    assert json.loads((tmp_path / "class.json").read_text())["provisional"] is True


def test_write_all_of_a_provisional_run_keeps_manual_scores(tmp_path: Path) -> None:
    place = tmp_path / DATABASE
    place.parent.mkdir()
    cells = [GradedCell("written-1b", 4, True)]
    write_gradebook(place, cells, [StudentRow("ada", None, 0, {"written-1b": CellScore(None, 3)})])
    before = place.read_bytes()
    record = _provisional(a_record(an_outcome(a_report("ada"))))
    with pytest.raises(UnwritableOutputs, match="a provisional run writes no gradebook"):
        write_all(record, tmp_path, Policy(), {("ada", "1b.explanation"): ManualScore(3)})
    assert place.read_bytes() == before


def test_write_all_removes_a_table_that_it_no_longer_writes(
    record: ClassRecord, policy: Policy, tmp_path: Path
) -> None:
    write_all(record, tmp_path, policy, {})
    written = write_all(a_record(an_outcome(a_report("ada"))), tmp_path, Policy(), {})
    assert not (tmp_path / "canvas.csv").exists()
    assert f"Removed {tmp_path / 'canvas.csv'} of an earlier run." in written.notes


def test_write_all_refuses_a_foreign_gradebook_in_a_sentence(tmp_path: Path) -> None:
    place = tmp_path / DATABASE
    place.parent.mkdir()
    place.write_text("not a database")
    with pytest.raises(UnwritableOutputs, match="is not a gradebook of nbgrader"):
        write_all(a_record(an_outcome(a_report("ada"))), tmp_path, Policy(), {})


def test_write_all_refuses_a_folder_that_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UnwritableOutputs, match="choose another folder"):
        write_all(a_record(an_outcome(a_report("ada"))), tmp_path / "out", Policy(), {})


def test_write_all_accepts_an_empty_class(tmp_path: Path) -> None:
    write_all(a_record(), tmp_path, Policy(), {})
    assert read_class((tmp_path / "class.json").read_text()) == a_record()


def test_write_all_shows_what_grade_submission_returns(
    executor: Executor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = REFERENCE.read_text().replace(
        "torch.round(input / scale)", "torch.trunc(input / scale)"
    )
    trace = Trace()
    report = grade_submission(
        Submission("ada", source), prepare_grading("shapes10", "1a.*"), executor, trace=trace
    )
    outcome = Outcome(an_entry("ada"), report, seconds=trace.seconds)
    written = write_all(a_record(outcome), tmp_path, Policy(), {})
    (score,) = written.scores
    assert 0 < report.auto_score < report.auto_max
    assert score.total == report.auto_score
    (read,) = read_class((tmp_path / "class.json").read_text()).outcomes
    assert read.report == report
    (mistake, *_) = report.misconceptions
    assert mistake.name in (tmp_path / "class.html").read_text()


def test_write_all_shows_manual_scores_only_to_their_student(tmp_path: Path) -> None:
    record = a_record(an_outcome(a_report("team"), members=("kim", "lee")))
    written = {("team", check): ManualScore(2.0, "Of the team.") for check in WRITTEN}
    own = {
        (name, "1c.comparison"): ManualScore(points, f"Only for {name}.")
        for name, points in (("kim", 7.0), ("lee", 3.0))
    }
    write_all(record, tmp_path, Policy(), {**written, **own})
    for name, other in (("kim", "lee"), ("lee", "kim")):
        for file in ("report.html", "results.json"):
            text = (tmp_path / "students" / name / file).read_text()
            assert f"Only for {name}." in text
            assert "Of the team." in text
            assert f"Only for {other}." not in text
