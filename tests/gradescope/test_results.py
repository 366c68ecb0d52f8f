"""results.json: valid by Gradescope's documented schema, points that add up, nothing that leaks."""

import json

import jsonschema
import pytest

from authoring.release.gradescope import first_results
from autograder.engine.record import Misconception, Verdict
from autograder.platforms.gradescope_harness import Settings
from autograder.report.gradescope import render
from tests.gradescope.schema import SCHEMA
from tests.report.conftest import make_check, make_report, sample  # noqa: F401


def results(report, **options) -> dict:
    found = json.loads(render(report, **options))
    jsonschema.validate(found, SCHEMA)
    return found


def by_name(found: dict) -> dict[str, dict]:
    return {test["name"]: test for test in found["tests"]}


def test_a_report_with_every_verdict_is_valid(sample):  # noqa: F811
    results(sample)


def test_the_first_results_hold_all_automatic_points_and_none_earned(rubric):
    found = json.loads(first_results(rubric, Settings()))
    jsonschema.validate(found, SCHEMA)
    scored = [test for test in found["tests"] if "max_score" in test]
    assert sum(test["max_score"] for test in scored) == 121
    assert {test["score"] for test in scored} == {0}
    assert found["output"].startswith("NOT FINISHED")


def test_points_add_up_and_a_bonus_comes_on_top(make_check, make_report):  # noqa: F811
    report = make_report(make_check(), make_check(points=1.5), make_check(), bonus=2.0)
    found = results(report)
    assert sum(test.get("score", 0) for test in found["tests"]) == found["score"] == 9.5
    assert sum(test.get("max_score", 0) for test in found["tests"]) == 9


def test_a_written_answer_carries_no_score(make_check, make_report):  # noqa: F811
    written = make_check(
        title="Explained", source="person", verdict=Verdict.AWAITING_MARKING, points=0.0
    )
    test = by_name(results(make_report(written)))["Explained"]
    assert "score" not in test
    assert "max_score" not in test
    assert "which staff give" in test["output"]


def test_a_fault_of_the_grader_is_no_zero(make_check, make_report):  # noqa: F811
    fault = make_check(title="Broken", verdict=Verdict.GRADER_FAULT, points=0.0)
    found = results(make_report(fault, make_check()))
    assert "score" not in by_name(found)["Broken"]
    assert "NOT FINAL" in found["output"]
    assert f"failed on {fault.id}" in by_name(found)["For staff"]["output"]


def test_flags_and_walls_are_for_staff_alone(make_check, make_report):  # noqa: F811
    found = results(make_report(make_check(), flags=("answers.json is grace's.",)))
    staff = by_name(found).pop("For staff")
    assert "grace" in staff["output"]
    assert staff["visibility"] == "hidden"
    assert "grace" not in json.dumps([t for t in found["tests"] if t["name"] != "For staff"])
    assert "grace" not in found["output"]
    assert found["stdout_visibility"] == "hidden"


@pytest.mark.parametrize("when", ["visible", "after_due_date", "after_published", "hidden"])
def test_hidden_checks_are_shown_when_the_settings_say(make_check, make_report, when):  # noqa: F811
    hidden, shown = make_check(title="Hidden", visible=False), make_check(title="Shown")
    found = by_name(results(make_report(hidden, shown), hidden_checks=when))
    assert found["Hidden"]["visibility"] == when
    assert found["Shown"]["visibility"] == "visible"


def test_a_visibility_that_gradescope_lacks_is_refused(make_report):  # noqa: F811
    with pytest.raises(ValueError, match="never"):
        render(make_report(), "never")


def test_text_of_students_is_cleaned_and_plain(make_check, make_report):  # noqa: F811
    check = make_check(verdict=Verdict.WRONG, points=0.0, message="\x1b[31mred\u202e <b>\x00")
    found = results(make_report(check))
    assert "red <b>" in found["tests"][0]["output"]
    assert not {"\x1b", "\u202e", "\x00"} & set(json.dumps(found, ensure_ascii=False))
    assert found["test_output_format"] == "text"


def test_a_named_mistake_is_told(make_check, make_report):  # noqa: F811
    mistake = Misconception("truncates", "Your codes are cut off toward zero.")
    check = make_check(verdict=Verdict.WRONG, points=0.0, misconception=mistake)
    found = results(make_report(check))
    assert mistake.sentence in found["output"]
    assert mistake.sentence in found["tests"][0]["output"]


def test_an_unfinished_and_a_provisional_mark_say_so(make_check, make_report):  # noqa: F811
    report = make_report(make_check(), provisional=True)
    assert "NOT FINISHED" in results(report, finished=False)["output"]
    found = results(report)["output"]
    assert "NOT FINISHED" not in found
    assert "PROVISIONAL" in found
