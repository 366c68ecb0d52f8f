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


def test_a_hand_in_is_a_suite_and_a_check_a_case() -> None:
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


def test_work_that_could_not_be_marked_is_an_error() -> None:
    record = a_record(Outcome(an_entry("broken"), None, "The archive is cut off."))
    suite = _suites(record)["broken"]
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("1", "1")
    (case,) = suite
    assert case[0].attrib["message"] == "The archive is cut off."


def test_hostile_text_is_text_to_a_parser() -> None:
    check = a_check("1a.reset.sym", Verdict.WRONG, message=HOSTILE, evidence={"got": HOSTILE})
    record = a_record(an_outcome(a_report("ada", **{"1a.reset.sym": check})))
    (failure,) = (case for case in _suites(record)["ada"].iter("failure"))
    assert failure.text is not None
    assert "]]> <b>&amp;</b>" in failure.text
    assert not {"\x00", "\x1b", "\ufffe", "\u202e"} & set(failure.text)


def test_the_record_comes_back_from_its_json(
    record: ClassRecord, policy: Policy, manual: ManualScores
) -> None:
    scores = apply_policy(record, policy, manual)
    shown = apply_manual_scores(record, scores)
    found = read_class(class_json(shown, scores, policy))
    without_names = replace(
        shown,
        outcomes=tuple(
            replace(outcome, entry=replace(outcome.entry, path="", lms={}))
            for outcome in shown.outcomes
        ),
        missing={member: {} for member in shown.missing},
    )
    assert found == without_names


def test_programs_find_every_step_of_a_mark(
    record: ClassRecord, policy: Policy, manual: ManualScores
) -> None:
    scores = apply_policy(record, policy, manual)
    whole = json.loads(class_json(record, scores, policy))
    assert (whole["version"], whole["maximum"], whole["anonymous"]) == (1, 140, False)
    for score, found in zip(scores, whole["students"], strict=True):
        assert found["member"] == score.member
        assert found["raw"] == round(found["automatic"] + found["written"] + found["bonus"], 4)
        if found["total"] is not None:
            assert found["total"] == round(found["raw"] - found["penalty"], 4)
    assert any(found["penalty"] for found in whole["students"])


def test_names_of_people_are_in_no_json(
    record: ClassRecord, policy: Policy, manual: ManualScores
) -> None:
    text = class_json(record, apply_policy(record, policy, manual), policy)
    for name in ("Lovelace", "Hamilton", "@example.org", "71000"):
        assert name not in text


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2}', '{"version": 1}', '{"version": 1, "outcomes": [7]}']
)
def test_another_version_or_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"class\.json|Expecting value"):
        read_class(text)


def test_a_right_check_is_the_same_after_reading() -> None:
    record = a_record(an_outcome(a_report("ada")))
    scores = apply_policy(record, Policy(), {})
    (outcome,) = read_class(class_json(record, scores, Policy())).outcomes
    assert outcome.report is not None
    assert isinstance(outcome.report.checks[0], CheckResult)
    assert outcome.report == a_report("ada")
