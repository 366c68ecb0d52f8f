"""All that is worth a look comes together, and what was left out is said."""

import json
import sys

import pytest

from autograder.course.audit import SubmissionPool, audit
from autograder.course.audit.audit_finding import Audit, AuditFinding, Kind
from autograder.course.audit.past import PastSolution, PastTerm
from autograder.course.outputs.anonymous import pseudonyms
from autograder.course.outputs.audit_page import audit_json, read_audit
from autograder.engine.corpus import load_alternatives
from autograder.engine.record import Verdict
from quantlab.intake.submission import Submission
from tests.audit.test_models import Opener
from tests.class_outputs.people import a_record, a_report, an_outcome

TERSE = next(
    alternative.code for alternative in load_alternatives() if alternative.name == "whole_terse"
)
RECORD = a_record(*(an_outcome(a_report(student)) for student in ("ada", "bob")))


def _works(executor: Opener | None = None) -> SubmissionPool:
    submissions = SubmissionPool("shapes10", executor)
    for student in ("ada", "bob", "ada"):
        submissions.add(Submission(student, TERSE))
    return submissions


def test_audit_reads_only_the_record_without_submissions() -> None:
    report = audit(RECORD, None, None)
    assert report.findings == ()
    assert report.notes == (
        "solution.py and saved models were not compared: the submissions are not available.",
    )


def test_audit_compares_the_submissions_it_gets() -> None:
    report = audit(RECORD, None, _works(Opener()))
    assert [look.kind for look in report.findings] == [Kind.SOLUTION]
    assert report.notes == ()


def test_audit_leaves_models_out_without_an_executor() -> None:
    assert "Saved models were not compared" in audit(RECORD, None, _works()).notes[0]


def test_audit_notes_that_copydetect_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "copydetect", None)
    monkeypatch.delitem(sys.modules, "autograder.course.audit.solutions", raising=False)
    report = audit(RECORD, None, _works(Opener()))
    assert report.findings == ()
    assert report.notes == (
        "solution.py was not compared: copydetect is missing, pip install -e '.[audit]'.",
    )


def test_audit_compares_with_past_terms_and_notes_what_it_could_not_read() -> None:
    past = [PastTerm("s24", (PastSolution("s24/kim", TERSE),), ("s24/lee", "s24/max"))]
    submissions = SubmissionPool("shapes10", Opener(), past)
    submissions.add(Submission("ada", TERSE))
    report = audit(RECORD, None, submissions)
    assert [(look.kind, look.past) for look in report.findings] == [(Kind.PAST, ("s24/kim",))]
    assert report.notes == (
        "2 past submissions in s24 have no readable solution.py and were not compared.",
    )


def test_read_audit_reads_a_file_without_past_names() -> None:
    text = audit_json(Audit((AuditFinding(Kind.FLIPS, "what", "why"),)))
    record = json.loads(text)
    del record["looks"][0]["past"]
    assert read_audit(json.dumps(record)) == read_audit(text)


def test_audit_compares_with_an_earlier_run() -> None:
    before = a_record(an_outcome(a_report("ada", **{"2a.STE.gradient": Verdict.WRONG})))
    assert [look.kind for look in audit(RECORD, before, None).findings] == [Kind.FLIPS]


def test_pseudonyms_number_past_solutions() -> None:
    finding = AuditFinding(
        Kind.PAST,
        "ada and s24/ada share 90 % and 80 % of their own code.",
        "why",
        ("ada",),
        0.9,
        ("ada and s24/ada-2: 60 % and 60 %",),
        ("s24/ada", "s24/ada-2"),
    )
    names = pseudonyms(RECORD, (), b"secret")
    (hidden,) = names.audit(Audit((finding,))).findings
    ada = names.of["ada"]
    assert hidden.what == f"{ada} and past solution 1 share 90 % and 80 % of their own code."
    assert hidden.details == (f"{ada} and past solution 2: 60 % and 60 %",)
    assert hidden.past == ("past solution 1", "past solution 2")


def test_audit_json_contains_findings_and_notes() -> None:
    look = AuditFinding(Kind.SOLUTION, "what", "why", ("ada", "bob"), 0.75, ("code",), ("s24/kim",))
    assert json.loads(audit_json(Audit((look,), ("note",)))) == {
        "version": 1,
        "looks": [
            {
                "kind": "similar solution.py",
                "what": "what",
                "why": "why",
                "who": ["ada", "bob"],
                "measure": 0.75,
                "details": ["code"],
                "past": ["s24/kim"],
            }
        ],
        "notes": ["note"],
    }
