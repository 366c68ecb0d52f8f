"""Readings become manual scores: the last saved one, of one grader, and never in silence."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course.course_file import Policy, PolicyError
from autograder.course.desk_scores import class_manual_scores, desk_scores
from autograder.course.documents import documents_digest
from autograder.course.journal import Journal
from autograder.course.manual_scores import ManualScore
from autograder.course.outputs.class_json import class_json, read_class
from autograder.course.policy import apply_policy
from autograder.course.readings import Kind, Reading, counting_readings
from autograder.desk.agreement import measure_agreement
from autograder.platforms import read_export
from tests.class_outputs.people import a_record, a_report, an_outcome
from tests.desk.small_class import make_class

CHECK = "1b.explanation"
FIRST = Reading("ada", CHECK, Kind.FIRST, True, (0, 1), 3.0, "Clear.", "grace", "2026-11-01T10:00")


def second(points: float, **changes) -> Reading:
    return replace(FIRST, kind=Kind.SECOND, points=points, grader="alan", **changes)


def points(*readings: Reading) -> float | None:
    score = desk_scores(readings, {"ada": ""}).scores.get(("ada", CHECK))
    return None if score is None else score.points


def test_desk_scores_takes_the_last_saved_reading_with_its_source():
    draft = replace(FIRST, points=1.0, saved=False)
    scores = desk_scores([replace(FIRST, points=2.0), FIRST, draft], {"ada": ""}).scores
    assert scores == {("ada", CHECK): ManualScore(3.0, "Clear.", "desk, grace, 2026-11-01T10:00")}


def test_desk_scores_says_that_a_second_reading_differs_and_counts_the_first():
    scores = desk_scores([FIRST, second(2.0)], {"ada": ""})
    assert scores.scores["ada", CHECK].points == 3.0
    assert scores.undecided == ()
    (note,) = scores.notes
    assert f"ada, {CHECK}: 3 (grace) and 2 (alan)" in note


def test_desk_scores_has_no_notes_if_both_readings_agree():
    assert desk_scores([FIRST, second(3.0)], {"ada": ""}).notes == ()


def test_desk_scores_of_a_second_reading_alone_are_none():
    assert points(second(2.0)) is None


def test_desk_scores_are_those_that_graders_agreed_on():
    agreed = replace(FIRST, kind=Kind.AGREED, points=2.5, grader="alan")
    scores = desk_scores([FIRST, second(2.0), agreed], {"ada": ""})
    assert scores.scores["ada", CHECK].points == 2.5
    assert scores.notes == ()


def test_desk_scores_decides_nothing_between_two_first_readings():
    scores = desk_scores([FIRST, replace(FIRST, points=1.0, grader="alan")], {"ada": ""})
    assert scores.scores == {}
    (sentence,) = scores.undecided
    assert "3 (grace) and 1 (alan)" in sentence


def test_desk_scores_names_students_who_left_the_class():
    scores = desk_scores([FIRST], {"bob": ""})
    assert scores.scores == {}
    assert "1 students" in scores.notes[0]


def test_desk_scores_decides_nothing_from_a_reading_of_another_submission():
    earlier = replace(FIRST, submission="first")
    scores = desk_scores([earlier, second(2.0, submission="first")], {"ada": "second"})
    assert scores.scores == {}
    (sentence,) = scores.undecided
    assert (
        f"submitted again after they were read at the desk, so they have no score: ada, {CHECK}"
        in sentence
    )
    again = desk_scores(
        [earlier, replace(FIRST, points=1.0, submission="second")], {"ada": "second"}
    )
    assert again.scores["ada", CHECK].points == 1.0
    assert again.undecided == ()


def test_desk_scores_counts_readings_from_before_submissions_were_noted():
    assert desk_scores([FIRST], {"ada": "second"}).scores["ada", CHECK].points == 3.0


def test_documents_digest_changes_with_a_report_and_not_with_its_name(tmp_path: Path):
    make_class(tmp_path, 2)
    report = tmp_path / "export" / "student-001" / "report.md"

    def digest() -> str:
        with read_export(tmp_path / "export") as export:
            (entry,) = (entry for entry in export.entries if entry.student == "student-001")
            return documents_digest(export, entry)

    earlier = digest()
    report = report.rename(report.with_name("report-1.md"))
    (report.parent / "answers.json").write_text("{}", encoding="utf-8")
    assert digest() == earlier
    report.write_text(report.read_text(encoding="utf-8") + "More.", encoding="utf-8")
    assert digest() != earlier


def test_class_json_keeps_the_digest_of_documents():
    record = a_record(replace(an_outcome(a_report("ada")), documents="d"))
    text = class_json(record, apply_policy(record, Policy(), {}), Policy())
    assert read_class(text).outcomes[0].documents == "d"


def test_class_manual_scores_refuses_another_score_in_a_table():
    record = a_record(an_outcome(a_report("ada")))
    table = {("ada", CHECK): ManualScore(1.0, "", "manual.csv, line 2")}
    with pytest.raises(PolicyError, match=r"manual.csv, line 2, and 3 in desk, grace"):
        class_manual_scores(table, [FIRST], record)


def test_class_manual_scores_reach_the_final_scores_as_a_table_would():
    record = a_record(an_outcome(a_report("ada")))
    desk = class_manual_scores({}, [FIRST], record)
    table = class_manual_scores({("ada", CHECK): ManualScore(3.0, "Clear.")}, [], record)
    (by_desk,), (by_table,) = (
        apply_policy(record, Policy(), each.scores) for each in (desk, table)
    )
    assert by_desk.written == by_table.written == 3.0
    assert by_desk.awaiting == by_table.awaiting


def test_journal_keeps_readings_in_order_and_forgets_those_of_a_student(tmp_path: Path):
    other = replace(FIRST, student="bob", saved=False, points=None, criteria=(), comment="")
    with Journal(tmp_path / "marks.sqlite") as journal:
        for reading in (FIRST, other, second(2.0)):
            journal.add_reading(reading)
    with Journal(tmp_path / "marks.sqlite") as journal:
        assert journal.readings() == (FIRST, other, second(2.0))
        assert journal.count("ada") == 2
        journal.forget("ada")
        assert journal.readings() == (other,)
    assert b"Clear." not in (tmp_path / "marks.sqlite").read_bytes()


def test_journal_adds_the_column_of_submissions_to_an_earlier_one(tmp_path: Path):
    path = tmp_path / "marks.sqlite"
    with Journal(path) as journal:
        journal.add_reading(FIRST)
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE readings DROP COLUMN submission")
    with Journal(path) as journal:
        assert journal.readings() == (FIRST,)


def test_journal_is_read_while_another_process_writes(tmp_path: Path, monkeypatch):
    path = tmp_path / "marks.sqlite"
    with Journal(path) as journal:
        journal.add_reading(FIRST)
    monkeypatch.setattr("autograder.course.journal._BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with Journal(path) as journal:
            assert journal.readings() == (FIRST,)


def test_measure_agreement_counts_points_and_criteria():
    readings = [
        FIRST,
        second(3.0),
        replace(FIRST, student="bob", criteria=(0,), points=1.5),
        second(2.5, student="bob", criteria=(0, 2)),
        replace(FIRST, student="eve"),
    ]
    agreement = measure_agreement(counting_readings(readings).values(), 3)
    assert (agreement.count, agreement.exact, agreement.decisions) == (2, 1, 6)
    assert agreement.mean_difference == agreement.mean_distance == 0.5
    # yes: 3 of 6 and 4 of 6, the same in 5 of 6: expected 0.5, so (5/6 - 1/2) / (1/2)
    assert agreement.kappa == pytest.approx(2 / 3)


def test_measure_agreement_without_pairs_has_no_kappa():
    agreement = measure_agreement(counting_readings([FIRST]).values(), 3)
    assert (agreement.count, agreement.kappa) == (0, None)
