"""Checks that tell nothing, verdicts that flip, and wrong answers that agree too well."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from autograder.course.audit.audit_finding import AuditFinding, Kind
from autograder.course.audit.check_statistics import (
    changed_results,
    same_wrong_answers,
    undiscriminating_checks,
)
from autograder.course.class_record import ClassRecord, Outcome
from autograder.engine.record import CheckResult, Misconception, Verdict
from tests.class_outputs.people import a_check, a_record, a_report, an_outcome

GRADIENT = "2a.STE.gradient"
NUMBERS = "sym: 0.00123456, heuristic: 0.000987"


def _class(*verdicts: Verdict) -> ClassRecord:
    reports = [a_report(f"s{n}", **{GRADIENT: verdict}) for n, verdict in enumerate(verdicts)]
    return a_record(*map(an_outcome, reports))


def _about(findings: Sequence[AuditFinding], check: str) -> list[Kind]:
    return [look.kind for look in findings if look.what.startswith(f"{check}:")]


def _wrong(got: str, **changes: object) -> CheckResult:
    return a_check(GRADIENT, Verdict.WRONG, evidence={"got": got}, **changes)


def _answers(**answers: CheckResult) -> ClassRecord:
    reports = [a_report(student, **{check.id: check}) for student, check in answers.items()]
    return a_record(*map(an_outcome, reports))


@pytest.mark.parametrize(
    ("verdicts", "kinds"),
    [
        ([Verdict.CORRECT] * 5, [Kind.EVERYBODY]),
        ([Verdict.WRONG] * 3 + [Verdict.TIMEOUT] * 2, [Kind.NEVER_PASSED]),
        ([Verdict.CORRECT] * 4 + [Verdict.WRONG], []),
        ([Verdict.CORRECT] * 4, []),  # too few to tell
        ([Verdict.CORRECT] * 5 + [Verdict.MISSING, Verdict.GRADER_FAULT], [Kind.EVERYBODY]),
        ([Verdict.MISSING] * 9, []),
    ],
)
def test_undiscriminating_checks_names_checks_all_or_none_pass(
    verdicts: list[Verdict], kinds: list[Kind]
) -> None:
    assert _about(list(undiscriminating_checks(_class(*verdicts))), GRADIENT) == kinds


def test_undiscriminating_checks_skips_written_answers() -> None:
    findings = list(undiscriminating_checks(_class(*[Verdict.CORRECT] * 6)))
    assert _about(findings, "1c.comparison") == []


def test_changed_results_lists_old_and_new_verdicts() -> None:
    before = _class(Verdict.CORRECT, Verdict.WRONG, Verdict.CORRECT)
    after = _class(Verdict.CORRECT, Verdict.CORRECT, Verdict.TIMEOUT)
    (look,) = changed_results(after, before)
    assert look.kind is Kind.FLIPS
    assert look.who == ("s1", "s2")
    assert look.details == (
        "s1: wrong 0, now correct 2.5 of 2.5",
        "s2: correct 2.5, now timeout 0 of 2.5",
    )


def test_changed_results_ignores_a_new_attempt() -> None:
    before, after = _class(Verdict.WRONG), _class(Verdict.CORRECT)
    (outcome,) = after.outcomes
    again = replace(outcome, entry=replace(outcome.entry, attempt=2))
    assert list(changed_results(replace(after, outcomes=(again,)), before)) == []


def test_changed_results_is_empty_for_equal_runs() -> None:
    record = _class(Verdict.WRONG, Verdict.CORRECT)
    assert list(changed_results(record, record)) == []


def test_same_wrong_answers_groups_all_shared_checks() -> None:
    rows = {
        id: a_check(id, Verdict.PARTIAL, points=0.5, evidence={"got": f"{id} {NUMBERS}"})
        for id in ("1b.A.sym", "1b.B.sym")
    }
    shared = [an_outcome(a_report(student, **rows)) for student in ("bob", "ada")]
    other = _wrong("0.12345678, 4.5")
    record = a_record(*shared, an_outcome(a_report("eve", **{GRADIENT: other})))
    (look,) = same_wrong_answers(record)
    assert look.who == ("ada", "bob")
    assert look.what == ("2 submissions have equal wrong answers in 2 checks: 1b.A.sym, 1b.B.sym.")
    assert look.details == (f"1b.A.sym: 1b.A.sym {NUMBERS}", f"1b.B.sym: 1b.B.sym {NUMBERS}")


@pytest.mark.parametrize(
    "check",
    [
        _wrong("None"),
        _wrong("float32 (2,) [0, 0]"),
        _wrong(NUMBERS, misconception=Misconception("x/y", "It is explained.")),
        replace(a_check(GRADIENT), evidence={"got": NUMBERS}),
        replace(_wrong(NUMBERS), verdict=Verdict.ERROR),
        replace(_wrong(NUMBERS), evidence={}),
    ],
)
def test_same_wrong_answers_ignores_answers_that_agree_by_chance(check: CheckResult) -> None:
    assert list(same_wrong_answers(_answers(ada=check, bob=check))) == []


def test_audit_checks_skip_submissions_without_a_report() -> None:
    record = a_record(Outcome(an_outcome(a_report("ada")).entry, None, "It is cut off."))
    assert list(undiscriminating_checks(record)) == list(same_wrong_answers(record)) == []
    assert list(changed_results(record, record)) == []
