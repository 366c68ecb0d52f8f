"""`audit` compares a graded class again, with past terms, and names them to staff only."""

import json
from pathlib import Path

import pytest

from autograder.cli import cli, run
from autograder.commands.audit import AuditOptions, audit
from autograder.course.audit.audit_finding import Audit, AuditFinding, Kind
from autograder.course.outputs.audit_page import audit_json, read_audit
from autograder.engine.corpus import load_alternatives
from autograder.exit_status import DONE, USAGE
from tests.class_outputs.people import a_report
from tests.viva.class_folder import publish

WHOLE = {case.name: case.code.encode() for case in load_alternatives() if case.whole}
TERSE, FAMILY = WHOLE["whole_terse"], WHOLE["whole_handout_family"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a class in which no saved model was graded: no sandbox is needed."""
    reports = {}
    for student in ("ada", "bob", "eve"):
        report = a_report(student)
        checks = tuple(c for c in report.checks if not c.id.startswith("2d.model."))
        reports[student] = type(report)(**{**vars(report), "checks": checks})
    files = {
        "ada": {"solution.py": TERSE},
        "bob": {"solution.py": FAMILY},
        "eve": {"report.md": b"# No code"},
    }
    return publish(tmp_path, files, **reports)


def _past(tmp_path: Path) -> Path:
    term = tmp_path / "s24"
    for student, text in (("kimberly", FAMILY), ("leonard", WHOLE["whole_object_oriented"])):
        (term / student).mkdir(parents=True)
        (term / student / "solution.py").write_bytes(text)
    return term


def _audit(out: Path) -> Audit:
    return read_audit((out / "staff" / "audit.json").read_text(encoding="utf-8"))


def test_audit_finds_a_past_solution_and_names_it_to_staff_only(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert audit(AuditOptions(out, (_past(tmp_path),))) == DONE
    assert "similar to a past solution: 1" in capsys.readouterr().out
    (finding,) = _audit(out).findings
    assert (finding.kind, finding.who, finding.past) == (Kind.PAST, ("bob",), ("s24/kimberly",))
    page = (out / "staff" / "audit.html").read_text(encoding="utf-8")
    assert "s24/kimberly" in page
    assert "leonard" not in page
    changed = {path for path, content in before.items() if path.read_bytes() != content}
    assert {path.relative_to(out).as_posix() for path in changed if "journal" not in str(path)} == {
        "staff/audit.html",
        "staff/audit.json",
    }


def test_audit_without_past_finds_nothing_and_keeps_changes_between_runs(out: Path) -> None:
    flips = AuditFinding(Kind.FLIPS, "one changed", "why", ("ada",))
    gone = AuditFinding(Kind.SOLUTION, "no longer true", "why", ("ada", "bob"))
    (out / "staff" / "audit.json").write_text(audit_json(Audit((flips, gone))))
    assert audit(AuditOptions(out)) == DONE
    assert _audit(out).findings == (flips,)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--past", "{tmp}/nowhere"], "--past takes an export of a course site"),
        (["--export", "{tmp}/nowhere"], "nowhere does not exist"),
    ],
)
def test_audit_says_what_it_can_not_read(
    out: Path,
    tmp_path: Path,
    arguments: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = (out / "staff" / "audit.json").read_bytes()
    given_arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    assert run(cli, "autograder", ["audit", str(out), *given_arguments]) == USAGE
    assert sentence in capsys.readouterr().err
    assert (out / "staff" / "audit.json").read_bytes() == before


def test_audit_needs_a_graded_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, "autograder", ["audit", str(tmp_path)]) == USAGE
    assert "contains no graded class" in capsys.readouterr().err


def test_batch_reports_a_wrong_past_before_it_grades(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = json.loads((out / "class.json").read_text())
    export, past = out.parent / "submissions", tmp_path / "nowhere"
    arguments = ["batch", str(export), "--out", str(out), "--past", str(past)]
    assert run(cli, "autograder", [*arguments, "--check", "1a.linear_quantize.signed"]) == USAGE
    assert f"{past} can't be compared" in capsys.readouterr().err
    assert json.loads((out / "class.json").read_text()) == before
