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
    content = json.loads(render(report, **options))
    jsonschema.validate(content, SCHEMA)
    return content


def by_name(content: dict) -> dict[str, dict]:
    return {test["name"]: test for test in content["tests"]}


def test_gradescope_results_of_every_verdict_match_the_schema(sample):  # noqa: F811
    results(sample)


def test_first_results_have_all_automatic_points_and_no_score(rubric):
    content = json.loads(first_results(rubric, Settings()))
    jsonschema.validate(content, SCHEMA)
    scored = [test for test in content["tests"] if "max_score" in test]
    assert sum(test["max_score"] for test in scored) == 121
    assert {test["score"] for test in scored} == {0}
    assert content["output"].startswith("NOT FINISHED")


def test_gradescope_results_add_the_bonus_to_the_points(make_check, make_report):  # noqa: F811
    report = make_report(make_check(), make_check(points=1.5), make_check(), bonus=2.0)
    content = results(report)
    assert sum(test.get("score", 0) for test in content["tests"]) == content["score"] == 9.5
    assert sum(test.get("max_score", 0) for test in content["tests"]) == 9


def test_gradescope_results_give_a_written_answer_no_score(make_check, make_report):  # noqa: F811
    written = make_check(
        title="Explained", source="person", verdict=Verdict.AWAITING_MARKING, points=0.0
    )
    test = by_name(results(make_report(written)))["Explained"]
    assert "score" not in test
    assert "max_score" not in test
    assert "which staff give" in test["output"]


def test_gradescope_results_give_a_grader_fault_no_score(make_check, make_report):  # noqa: F811
    fault = make_check(title="Broken", verdict=Verdict.GRADER_FAULT, points=0.0)
    content = results(make_report(fault, make_check()))
    assert "score" not in by_name(content)["Broken"]
    assert "NOT FINAL" in content["output"]
    assert f"failed on {fault.id}" in by_name(content)["For staff"]["output"]


def test_gradescope_results_show_flags_and_isolation_only_to_staff(make_check, make_report):  # noqa: F811
    content = results(make_report(make_check(), flags=("answers.json is grace's.",)))
    staff = by_name(content).pop("For staff")
    assert "grace" in staff["output"]
    assert staff["visibility"] == "hidden"
    assert "grace" not in json.dumps([t for t in content["tests"] if t["name"] != "For staff"])
    assert "grace" not in content["output"]
    assert content["stdout_visibility"] == "hidden"


@pytest.mark.parametrize("when", ["visible", "after_due_date", "after_published", "hidden"])
def test_gradescope_results_show_hidden_checks_as_the_settings_say(make_check, make_report, when):  # noqa: F811
    hidden, shown = make_check(title="Hidden", visible=False), make_check(title="Shown")
    tests = by_name(results(make_report(hidden, shown), hidden_checks=when))
    assert tests["Hidden"]["visibility"] == when
    assert tests["Shown"]["visibility"] == "visible"


def test_gradescope_results_refuse_an_unknown_visibility(make_report):  # noqa: F811
    with pytest.raises(ValueError, match="never"):
        render(make_report(), "never")


def test_gradescope_results_contain_student_text_cleaned_and_plain(make_check, make_report):  # noqa: F811
    check = make_check(verdict=Verdict.WRONG, points=0.0, message="\x1b[31mred\u202e <b>\x00")
    content = results(make_report(check))
    assert "red <b>" in content["tests"][0]["output"]
    assert not {"\x1b", "\u202e", "\x00"} & set(json.dumps(content, ensure_ascii=False))
    assert content["test_output_format"] == "text"


def test_gradescope_results_name_a_mistake(make_check, make_report):  # noqa: F811
    mistake = Misconception("truncates", "Your codes are cut off toward zero.")
    check = make_check(verdict=Verdict.WRONG, points=0.0, misconception=mistake)
    content = results(make_report(check))
    assert mistake.sentence in content["output"]
    assert mistake.sentence in content["tests"][0]["output"]


def test_gradescope_results_say_when_unfinished_or_provisional(make_check, make_report):  # noqa: F811
    report = make_report(make_check(), provisional=True)
    assert "NOT FINISHED" in results(report, finished=False)["output"]
    text = results(report)["output"]
    assert "NOT FINISHED" not in text
    assert "PROVISIONAL" in text
