"""JUnit and JSON are what they say, for programs of others and for the next run."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.manual_scores import ManualScores
from autograder.course.outputs.class_json import class_json, read_class
from autograder.course.outputs.junit import junit_xml
from autograder.course.policy import Policy, apply_manual_scores, apply_policy
from autograder.engine.record import CheckResult, Verdict
from tests.class_outputs.people import a_check, a_record, a_report, an_entry, an_outcome

HOSTILE = "]]> <b>&amp;</b> \x00\x1b[31m\ud800\ufffe\u202e"


def _suites(record: ClassRecord) -> dict[str, ET.Element]:
    root = ET.fromstring(junit_xml(record, "Class").encode("utf-8"))
    assert root.tag == "testsuites"
    return {suite.attrib["name"]: suite for suite in root}


def test_junit_xml_has_a_suite_per_submission_and_a_case_per_check() -> None:
    report = a_report(
        "ada",
        **{
            "1a.reset.sym": Verdict.WRONG,
            "1a.reset.SAWB": Verdict.MISSING,
            "2d.model.W2A2": Verdict.GRADER_FAULT,
        },
    )
    outcome = replace(an_outcome(report), seconds={"1a.reset.sym": 0.25, "2d.model.W2A2": 3.5})
    suite = _suites(a_record(outcome))["ada"]
    cases = {case.attrib["name"]: case for case in suite}
    assert [case.attrib["name"] for case in suite] == [check.id for check in report.checks]
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "49", "failures": "2", "errors": "1", "skipped": "3"}
    assert suite.attrib["time"] == "3.750"
    assert cases["1a.reset.sym"].attrib == {
        "classname": "ada.1a",
        "name": "1a.reset.sym",
        "time": "0.250",
    }
    assert [kind.tag for kind in cases["1a.reset.sym"]] == ["failure"]
    assert [kind.tag for kind in cases["2d.model.W2A2"]] == ["error"]
    assert [kind.tag for kind in cases["1c.comparison"]] == ["skipped"]
    assert list(cases["2a.STE.gradient"]) == []


def test_junit_xml_counts_an_unreadable_submission_as_an_error() -> None:
    record = a_record(Outcome(an_entry("broken"), None, "The archive is cut off."))
    suite = _suites(record)["broken"]
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("1", "1")
    (case,) = suite
    assert case[0].attrib["message"] == "The archive is cut off."


def test_junit_xml_escapes_hostile_text() -> None:
    check = a_check("1a.reset.sym", Verdict.WRONG, message=HOSTILE, evidence={"got": HOSTILE})
    record = a_record(an_outcome(a_report("ada", **{"1a.reset.sym": check})))
    (failure,) = (case for case in _suites(record)["ada"].iter("failure"))
    assert failure.text is not None
    assert "]]> <b>&amp;</b>" in failure.text
    assert not {"\x00", "\x1b", "\ufffe", "\u202e"} & set(failure.text)


def test_read_class_inverts_class_json(
    record: ClassRecord, policy: Policy, manual: ManualScores
) -> None:
    scores = apply_policy(record, policy, manual)
    shown = apply_manual_scores(record, scores)
    restored = read_class(class_json(shown, scores, policy))
    without_names = replace(
        shown,
        outcomes=tuple(
            replace(outcome, entry=replace(outcome.entry, path="", lms={}))
            for outcome in shown.outcomes
        ),
        missing={member: {} for member in shown.missing},
    )
    assert restored == without_names


def test_class_json_contains_every_step_of_a_score(
    record: ClassRecord, policy: Policy, manual: ManualScores
) -> None:
    scores = apply_policy(record, policy, manual)
    whole = json.loads(class_json(record, scores, policy))
    assert (whole["version"], whole["maximum"], whole["anonymous"]) == (1, 140, False)
    for score, student in zip(scores, whole["students"], strict=True):
        assert student["member"] == score.member
        assert student["raw"] == round(
            student["automatic"] + student["written"] + student["bonus"], 4
        )
        if student["total"] is not None:
            assert student["total"] == round(student["raw"] - student["penalty"], 4)
    assert any(student["penalty"] for student in whole["students"])


def test_class_json_contains_no_personal_names(
    record: ClassRecord, policy: Policy, manual: ManualScores
) -> None:
    text = class_json(record, apply_policy(record, policy, manual), policy)
    for name in ("Lovelace", "Hamilton", "@example.org", "71000"):
        assert name not in text


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2}', '{"version": 1}', '{"version": 1, "outcomes": [7]}']
)
def test_read_class_refuses_another_version_or_file(text: str) -> None:
    with pytest.raises(ValueError, match=r"class\.json|Expecting value"):
        read_class(text)


def test_read_class_restores_a_correct_check() -> None:
    record = a_record(an_outcome(a_report("ada")))
    scores = apply_policy(record, Policy(), {})
    (outcome,) = read_class(class_json(record, scores, Policy())).outcomes
    assert outcome.report is not None
    assert isinstance(outcome.report.checks[0], CheckResult)
    assert outcome.report == a_report("ada")
