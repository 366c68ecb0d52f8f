"""`forget` leaves no byte of a student in the folder of a class."""

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.__main__ import main
from autograder.course.audit.audit_finding import Audit, AuditFinding, Kind
from autograder.course.class_folder import open_class
from autograder.course.class_record import ClassRecord
from autograder.course.journal import Journal, Row
from autograder.course.manual_scores import ManualScore
from autograder.course.outputs import audit_page, write_all
from autograder.course.outputs.class_json import class_json, read_class, read_policy, read_scores
from autograder.course.outputs.gradebook_database import DATABASE
from autograder.course.policy import Policy, apply_policy
from autograder.engine.record import GradedCheck, Verdict
from autograder.grading.results_folder import ResultsFolder
from autograder.grading.submission import Trace
from autograder.platforms.nbgrader_gradebook import manual_scores
from tests.class_outputs.people import (
    a_check,
    a_record,
    a_report,
    an_outcome,
    canvas_columns,
)

ADA, NAME, SECRET_CODE = "ada1815", "Lovelace", "def engine_of_ada"
CHECK = "1a.linear_quantize.signed"


def people() -> ClassRecord:
    wrong = a_check(CHECK, Verdict.WRONG, evidence={"printed": SECRET_CODE, "got": "1"})
    outcomes = []
    for number, student in enumerate((ADA, "grace", "alan"), 1):
        report = a_report(student, **({CHECK: wrong} if student == ADA else {}))
        columns = canvas_columns(number, f"{NAME}, Ada" if student == ADA else student, student)
        outcomes.append(an_outcome(report, lms={student: columns}))
    return replace(a_record(*outcomes, missing={"lost99": {}}), source="canvas")


def write_journal(out: Path, record: ClassRecord) -> None:
    (out / ".journal").mkdir(parents=True)
    with Journal(out / ".journal" / "marks.sqlite") as journal:
        for outcome in record.outcomes:
            student = outcome.entry.student
            fault = NAME if student == ADA else ""
            journal.add(
                Row(student, "digest", "f", GradedCheck(check), 1.0, 1.0, "A", fault)
                for check in outcome.report.checks
                if student == ADA or check.id == CHECK
            )
        journal.apply({CHECK: "f"}, {})


@pytest.fixture
def graded(tmp_path, graded_once) -> Path:
    """A class that the test may change."""
    return shutil.copytree(graded_once, tmp_path / "results")


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory, course_secret_file) -> Path:
    """A class with gradebooks, an audit, an anonymous copy, reports and an appeal."""
    out, record = tmp_path_factory.mktemp("class") / "results", people()
    write_journal(out, record)
    results = ResultsFolder(out / "staff" / "reports")
    for outcome in record.outcomes:
        results.write_final(outcome.report, Trace())
    manual = {
        (ADA, "1b.explanation"): ManualScore(3, f"{NAME} is right."),
        ("grace", "1b.explanation"): ManualScore(2, "Fine."),
    }
    write_all(record, out, Policy(title="Autumn"), manual)
    write_all(record, out, Policy(title="Autumn"), manual, anonymous=True)
    about_ada = AuditFinding(
        Kind.SOLUTION, f"{ADA} and grace", "why", (ADA, "grace"), 0.9, (SECRET_CODE,)
    )
    kept = AuditFinding(Kind.SOLUTION, "alan and grace", "why", ("alan", "grace"), 0.8)
    audit = Audit((about_ada, kept), ("A note.",))
    (out / "staff" / "audit.json").write_text(audit_page.audit_json(audit))
    appeal = out / "appeals" / ADA
    appeal.mkdir(parents=True)
    (appeal / "before.json").write_text(SECRET_CODE)
    returned = out / "feedback" / "mail"
    returned.mkdir(parents=True)
    (returned / f"feedback-{ADA}.html").write_text(SECRET_CODE)
    return out


def files_with(out: Path, text: str) -> list[str]:
    """Every file below `out` that contains the text, or is named after it."""
    return [
        str(path.relative_to(out))
        for path in sorted(out.rglob("*"))
        if text in path.name or (path.is_file() and text.encode() in path.read_bytes())
    ]


def test_forget_leaves_no_byte_of_the_student(graded, capsys):
    with (graded / "staff/pseudonyms.csv").open() as table:
        pseudonym = {id: pseudonym for pseudonym, id in csv.reader(table)}[ADA]
    for text in (ADA, NAME, SECRET_CODE, pseudonym):
        assert files_with(graded, text), text
    assert main(["forget", str(graded), ADA]) == 0
    for text in (ADA, NAME, SECRET_CODE, pseudonym):
        assert files_with(graded, text) == [], text
    said = capsys.readouterr().out
    assert "rows of the journal" in said
    assert "brings the student back" in said


def test_forget_keeps_the_others(graded):
    before = {s.member: s.total for s in read_scores((graded / "class.json").read_text())}
    assert main(["forget", str(graded), ADA]) == 0
    text = (graded / "class.json").read_text()
    after = {s.member: s.total for s in read_scores(text)}
    assert after == {member: total for member, total in before.items() if member != ADA}
    assert [o.entry.student for o in read_class(text).outcomes] == ["grace", "alan"]
    assert "lost99" in read_class(text).missing
    assert "alan" in (graded / "staff/audit.json").read_text()
    assert "grace" in (graded / "class.html").read_text()
    assert [s.student for s in manual_scores(graded / DATABASE)] == ["grace"]
    with closing(sqlite3.connect(graded / ".journal/marks.sqlite")) as database:
        (rows,) = database.execute("SELECT count(*) FROM marks").fetchone()
    assert rows == 2
    with (graded / "staff/reports/summary.csv").open() as table:
        assert {row["student"] for row in csv.DictReader(table)} == {"grace", "alan"}
    with (graded / "final.csv").open() as table:
        assert {row["student"] for row in csv.DictReader(table)} == {"grace", "alan", "lost99"}


def test_forget_dry_run_changes_nothing(graded, capsys):
    before = {path: path.read_bytes() for path in graded.rglob("*") if path.is_file()}
    assert main(["forget", str(graded), ADA, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "Nothing was changed" in said
    assert f"students/{ADA}" in said
    after = {path: path.read_bytes() for path in graded.rglob("*") if path.is_file()}
    assert {p: b for p, b in after.items() if ".journal" not in p.parts} == {
        p: b for p, b in before.items() if ".journal" not in p.parts
    }


def test_forget_removes_who_submitted_nothing(graded):
    assert main(["forget", str(graded), "lost99"]) == 0
    assert files_with(graded, "lost99") == []


def test_forget_completes_an_interrupted_removal(graded, monkeypatch):
    def interrupted(*_):
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("autograder.course.forget._rewrite_class", interrupted)
        assert main(["forget", str(graded), ADA]) == 2
    assert main(["forget", str(graded), ADA]) == 0
    assert files_with(graded, ADA) == []


def test_forget_reports_who_still_mentions_the_student(graded, capsys):
    report = graded / "staff/reports/grace/report.json"
    record = json.loads(report.read_text())
    report.write_text(json.dumps({**record, "flags": [f"These are the tables of {ADA}."]}))
    assert main(["forget", str(graded), ADA]) == 1
    assert "grace/report.json still mentions ada1815" in capsys.readouterr().out


@pytest.mark.parametrize("student", ["nemo", "1815"])
def test_forget_refuses_an_unknown_student(graded, capsys, student):
    assert main(["forget", str(graded), student]) == 2
    assert f"contains no student {student}" in capsys.readouterr().err


def test_forget_refuses_a_folder_without_a_class(tmp_path, capsys):
    assert main(["forget", str(tmp_path), ADA]) == 2
    assert "contains no graded class" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_forget_refuses_the_representative_of_a_group(tmp_path, capsys):
    record = a_record(an_outcome(a_report("ada"), members=("ada", "bob")))
    write_journal(tmp_path, record)
    write_all(record, tmp_path, Policy(), {})
    assert main(["forget", str(tmp_path), "ada"]) == 2
    assert "also that of bob" in capsys.readouterr().err
    assert main(["forget", str(tmp_path), "bob"]) == 0
    (outcome,) = read_class((tmp_path / "class.json").read_text()).outcomes
    assert outcome.entry.members == ("ada",)


def test_class_json_survives_reading():
    record = people()
    policy = Policy(title="Autumn")
    scores = apply_policy(record, policy, {})
    text = class_json(record, scores, policy)
    assert read_policy(text) == policy
    again = class_json(read_class(text), read_scores(text), read_policy(text))
    assert json.loads(again) == json.loads(text)


@pytest.mark.parametrize("student", ["", ".", "..", "../..", "grace/..", "/", "ada.json"])
def test_forget_refuses_an_id_that_is_no_name_of_a_folder(student, graded, capsys):
    before = {path: path.is_file() and path.read_bytes() for path in sorted(graded.rglob("*"))}
    assert main(["forget", str(graded), "--", student]) == 2
    assert "can't be the id of a student. Give the id as in" in capsys.readouterr().err
    after = {path: path.is_file() and path.read_bytes() for path in sorted(graded.rglob("*"))}
    assert [path for path in before if before[path] != after.get(path)] == []


def test_open_class_makes_the_journal_private(graded):
    journal = graded / ".journal"
    journal.chmod(0o755)
    (journal / "marks.sqlite").chmod(0o644)
    with open_class(graded):
        assert (journal / "marks.sqlite").stat().st_mode & 0o777 == 0o600
    assert journal.stat().st_mode & 0o777 == 0o700
