"""`appeal` grades one student again and changes the class only with --accept."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from autograder.__main__ import main
from autograder.course.appeal import published_report
from autograder.course.class_folder import UnsafeId
from autograder.course.journal import Journal
from autograder.course.outputs import appeal_page
from autograder.engine.record import Report
from autograder.paths import REFERENCE

CHECKS = ("--check", "1a.linear_dequantize.*", "--data", "shapes10")
WRONG = "\n\ndef linear_dequantize(input, scale, zero_point):\n    return scale * input\n"
HIDDEN = "1a.linear_dequantize.zero_point"


@pytest.fixture(scope="module")
def secret_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_text("0123456789abcdef0123456789abcdef")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_SECRET_FILE", str(path))
        yield path


def submit(folder: Path, code: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "solution.py").write_text(REFERENCE.read_text(encoding="utf-8") + code)
    return folder


@pytest.fixture(scope="module")
def graded(tmp_path_factory, secret_file) -> Path:
    """A class of two, graded by the real command; ada forgot the zero point."""
    folder = tmp_path_factory.mktemp("class")
    submit(folder / "export" / "ada", WRONG)
    submit(folder / "export" / "bob")
    out = folder / "results"
    assert main(["batch", str(folder / "export"), "--out", str(out), "--jobs", "1", *CHECKS]) == 0
    return out


@pytest.fixture
def corrected(tmp_path) -> Path:
    return submit(tmp_path / "new")


def journal_rows(out: Path) -> list[tuple]:
    with closing(sqlite3.connect(out / ".journal" / "marks.sqlite")) as database:
        return database.execute("SELECT * FROM marks ORDER BY 1, 2, 3").fetchall()


def published(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and not {".journal", "appeals"} & set(path.parts)
    }


def test_appeal_compares_and_changes_nothing(graded, corrected, capsys):
    rows, files = journal_rows(graded), published(graded)
    assert main(["appeal", str(graded), "ada", str(corrected), *CHECKS]) == 0
    said = capsys.readouterr().out
    assert "2 of 4 automatic points before; 4 of 4 automatic points after." in said
    assert "The class was not changed" in said
    assert (journal_rows(graded), published(graded)) == (rows, files)
    folder = graded / "appeals" / "ada"
    assert json.loads((folder / "before.json").read_text())["auto_score"] == 2
    assert json.loads((folder / "after.json").read_text())["auto_score"] == 4
    page, staff = (folder / "appeal.html").read_text(), (folder / "staff.html").read_text()
    assert page.index(HIDDEN) < page.index("What is the same") < page.index("dequantize.values")
    assert "x_int = int32" in staff or "x_int = float32" in staff
    assert "x_int" not in page
    assert "expected" not in page
    assert (graded / "appeals").stat().st_mode & 0o077 == 0


def test_appeal_takes_the_submission_from_the_export(graded, capsys):
    export = graded.parent / "export"
    assert main(["appeal", str(graded), "ada", str(export), *CHECKS]) == 0
    assert "2 of 4 automatic points before; 2 of 4" in capsys.readouterr().out
    assert "No check has another result" in (graded / "appeals/ada/appeal.html").read_text()


def test_appeal_accepts_with_who_and_why_and_batch_publishes(graded, corrected, capsys):
    reasons = ("--accept", "--who", "Grace Hopper", "--why", "The wrong file was exported.")
    assert main(["appeal", str(graded), "ada", str(corrected), *CHECKS, *reasons]) == 0
    assert "Put this submission into the export" in capsys.readouterr().out
    with closing(sqlite3.connect(graded / ".journal" / "marks.sqlite")) as database:
        ((student, _, at, who, why),) = database.execute("SELECT * FROM appeals").fetchall()
    assert (student, who, why) == ("ada", "Grace Hopper", "The wrong file was exported.")
    assert at.startswith("20")
    rows = journal_rows(graded)
    submitted = graded.parent / "export" / "ada" / "solution.py"
    earlier = submitted.read_text()
    submitted.write_text((corrected / "solution.py").read_text())
    export = str(graded.parent / "export")
    assert main(["batch", export, "--out", str(graded), "--jobs", "1", *CHECKS]) == 0
    assert journal_rows(graded) == rows  # nothing was graded again
    report = graded / "staff" / "reports" / "ada" / "report.json"
    assert json.loads(report.read_text())["auto_score"] == 4
    submitted.write_text(earlier)
    assert main(["batch", export, "--out", str(graded), "--jobs", "1", *CHECKS]) == 0


@pytest.mark.parametrize(
    ("student", "options", "sentence"),
    [
        ("nemo", CHECKS, "contains no student nemo"),
        ("../ada", CHECKS, "can't be the id of a student"),
        ("ada", ("--check", "1a.linear_dequantize.values", "--data", "shapes10"), "another kit"),
    ],
)
def test_appeal_refuses_with_a_sentence(graded, corrected, capsys, student, options, sentence):
    assert main(["appeal", str(graded), student, str(corrected), *options]) == 2
    assert sentence in capsys.readouterr().err


def test_appeal_refuses_another_kit(graded, corrected, capsys, monkeypatch):
    monkeypatch.setattr("autograder.course.fingerprints._version", lambda package: "other")
    assert main(["appeal", str(graded), "ada", str(corrected), *CHECKS]) == 2
    assert "another kit, rubric, data set" in capsys.readouterr().err


def test_appeal_refuses_another_secret(graded, corrected, capsys, monkeypatch, tmp_path):
    other = tmp_path / "other_secret"
    other.write_text("fedcba9876543210fedcba9876543210")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(other))
    assert main(["appeal", str(graded), "ada", str(corrected), *CHECKS]) == 2
    assert "another course secret" in capsys.readouterr().err


def test_appeal_needs_a_reason_to_accept(graded, corrected, capsys):
    assert main(["appeal", str(graded), "ada", str(corrected), "--accept", *CHECKS]) == 2
    assert "--accept needs --who and --why" in capsys.readouterr().err


def test_appeal_refuses_a_submission_that_cannot_be_read(graded, tmp_path, capsys):
    assert main(["appeal", str(graded), "ada", str(tmp_path / "nothing"), *CHECKS]) == 2
    assert "nothing" in capsys.readouterr().err


def test_appeal_page_without_an_earlier_report(graded):
    report = Report.from_json((graded / "staff/reports/bob/report.json").read_text())
    page = appeal_page.render(None, report)
    assert "No score before" in page
    assert "not graded" in page


@pytest.mark.parametrize("student", ["", "../ada", "ada/.."])
def test_published_report_refuses_an_id_that_is_no_name_of_a_folder(student, tmp_path):
    with (
        Journal(tmp_path / "marks.sqlite") as journal,
        pytest.raises(UnsafeId, match="can't be the id of a student"),
    ):
        published_report(tmp_path, student, journal)
