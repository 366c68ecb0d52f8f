"""An open review is on every page and in every table, and its checks have no score anywhere."""

import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from autograder.course.manual_scores import ManualScore
from autograder.course.outputs import write_all
from autograder.course.policy import Policy
from autograder.engine.record import Report, Verdict
from autograder.platforms.nbgrader_course.autograde_preprocessor import automatic_score
from autograder.report import gradescope, html, summary_csv
from autograder.report.nbgrader import question_text
from autograder.report.terminal import print_report, print_summary
from tests.class_outputs.people import WRITTEN, a_record, a_report, an_outcome

SENTENCE = "ResNet20_W8A8.pt could not be read: This file holds a module. 5 points are at stake."
REPORT = replace(
    a_report("ada", **{"2d.model.W8A8": Verdict.ERROR}),
    review=(SENTENCE,),
    review_checks=("2d.model.W8A8",),
)


def _printed(show) -> str:
    stream = io.StringIO()
    show(Console(width=300, file=stream))
    return stream.getvalue()


def test_report_json_keeps_a_review() -> None:
    assert Report.from_json(REPORT.to_json()) == REPORT
    assert json.loads(REPORT.to_json())["review"] == [SENTENCE]


NOTE = "'Kopie von solution.py' was used as solution.py."
NOTED = replace(a_report("ada"), notes=(NOTE,))


def test_report_json_keeps_notes_and_reads_reports_without_them() -> None:
    assert Report.from_json(NOTED.to_json()) == NOTED
    record = json.loads(NOTED.to_json())
    assert record.pop("notes") == [NOTE]
    assert Report.from_json(json.dumps(record)) == replace(NOTED, notes=())


def test_every_output_shows_a_note_and_keeps_the_score_final() -> None:
    assert "Kopie von solution.py" in html.render(NOTED)
    assert f"NOTE: {NOTE}" in _printed(lambda console: print_report(NOTED, console))
    assert NOTE in summary_csv.summary_csv([NOTED])
    results = json.loads(gradescope.render(NOTED))
    assert NOTE in results["output"]
    assert "NOT FINAL" not in results["output"]
    assert NOTE in question_text(NOTED, "1a")
    assert NOTE not in question_text(NOTED, "1b")
    assert not NOTED.needs_review


def test_student_page_says_kindly_that_the_score_is_not_final() -> None:
    page = html.render(REPORT)
    assert "This score is not final." in page
    assert SENTENCE in page
    assert "This score is not final." not in html.render(a_report("ada"))


def test_terminal_and_summary_name_a_review() -> None:
    assert f"NEEDS REVIEW: {SENTENCE}" in _printed(lambda console: print_report(REPORT, console))
    output = _printed(lambda console: print_summary([REPORT], [], console))
    assert f"NEEDS REVIEW: ada: {SENTENCE}" in output
    assert SENTENCE in summary_csv.summary_csv([REPORT])


def test_gradescope_posts_the_score_and_says_it_is_not_final() -> None:
    results = json.loads(gradescope.render(REPORT))
    assert results["score"] == REPORT.auto_score
    assert results["output"].startswith("NOT FINAL")
    assert SENTENCE in results["output"]
    (staff,) = [test for test in results["tests"] if test["number"] == "staff"]
    assert staff["visibility"] == "hidden"
    assert f"NEEDS REVIEW: {SENTENCE}" in staff["output"]


def test_nbgrader_leaves_a_question_under_review_to_staff() -> None:
    assert automatic_score(REPORT, "2d") is None
    assert automatic_score(REPORT, "2a") is not None
    assert SENTENCE in question_text(REPORT, "2d")
    assert SENTENCE not in question_text(REPORT, "2a")


def test_class_pages_have_no_score_until_the_review_is_settled(tmp_path: Path) -> None:
    record = a_record(an_outcome(REPORT), an_outcome(a_report("bob")))
    written = {("ada", check): ManualScore(1.0) for check in WRITTEN}
    scores = {}
    for name, reviewed in (("open", ()), ("settled", ("ada",))):
        policy = Policy(reviewed=frozenset(reviewed))
        write_all(record, tmp_path / name, policy, written)
        class_json = json.loads((tmp_path / name / "class.json").read_text())
        scores[name] = {
            row["member"]: (row["status"], row["total"]) for row in class_json["students"]
        }
    assert scores["open"]["ada"] == ("needs review", None)
    assert scores["settled"]["ada"] == ("final", 119.0)
    page = (tmp_path / "open" / "class.html").read_text()
    assert page.index(SENTENCE) < page.index('id="scores"')
    student = Path("students") / "ada" / "report.html"
    assert "This score is not final." in (tmp_path / "open" / student).read_text()
    assert "This score is not final." not in (tmp_path / "settled" / student).read_text()
    assert SENTENCE in (tmp_path / "open" / "junit.xml").read_text()
    final = (tmp_path / "open" / "final.csv").read_text()
    assert "needs review" in final
