"""A person marks a written answer in formgrader, in a real browser, and it is in the gradebook."""

import json
from collections.abc import Iterator

import pytest
from nbgrader.api import Gradebook

from authoring.build.notebook import solved_notebook
from authoring.release.nbgrader import ASSIGNMENT
from autograder.course.outputs import write_all
from autograder.course.policy import Policy
from autograder.platforms import read_export
from autograder.platforms.nbgrader_gradebook import manual_scores
from tests.browser.conftest import Browser, browser  # noqa: F401
from tests.browser.jupyter_server import jupyter_server, wait_for
from tests.class_outputs.people import a_record, a_report, an_outcome
from tests.nbgrader.conftest import LiveCourse, changed, with_scripts

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def batch_course(tmp_path_factory) -> LiveCourse:
    """The folder that `batch` writes for formgrader, of one student with hostile answers."""
    place = tmp_path_factory.mktemp("batch")
    folder = place / "export" / "hostile"
    folder.mkdir(parents=True)
    (folder / "main.ipynb").write_text(changed(solved_notebook(), with_scripts))
    (folder / "report.md").write_text("# Mine <img src=x onerror=\"document.title='taken'\">")
    with read_export(place / "export") as export:
        record = a_record(an_outcome(a_report("hostile")))
        write_all(record, place / "out", Policy(), {}, export=export)
    return LiveCourse(place / "out" / "nbgrader", place / "secret", [])


@pytest.fixture(scope="module")
def address(course) -> Iterator[str]:
    """A Jupyter server with formgrader on the course, reachable from this machine alone."""
    ready = "/formgrader/api/assignments"
    with jupyter_server(course.folder, course.environment(), ready) as address:
        yield address


def open_submission(browser: Browser, address: str, course: LiveCourse, student: str) -> None:  # noqa: F811
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        number = gradebook.find_submission_notebook("main", ASSIGNMENT, student).id
    browser.send("Page.navigate", url=f"{address}/formgrader/submissions/{number}/")
    wait_for(lambda: browser.value("document.querySelectorAll('input.score').length") == 10)
    wait_for(lambda: browser.value("document.querySelector('#auto-1a').placeholder !== ''"))


def type_into(browser: Browser, selector: str, text: str) -> None:  # noqa: F811
    browser.value(f"document.querySelector({json.dumps(selector)}).focus()")
    browser.value(f"document.querySelector({json.dumps(selector)}).select()")
    browser.send("Input.insertText", text=text)
    browser.press("Tab")


def test_formgrader_saves_a_manual_score_and_comment_in_the_gradebook(browser, address, course):  # noqa: F811
    open_submission(browser, address, course, "reference")
    assert course.grades("reference")["written-1b"].needs_manual
    type_into(browser, "#written-1b", "3.5")
    type_into(browser, "#written-1b-comment", "Say what the search costs.")

    def marked() -> bool:
        cell = course.grades("reference")["written-1b"]
        return cell.score == 3.5 and cell.comment == "Say what the search costs."

    wait_for(marked)
    assert not course.grades("reference")["written-1b"].needs_manual


def test_formgrader_shows_automatic_points_and_the_scoring_sheet(browser, address, course):  # noqa: F811
    open_submission(browser, address, course, "reference")
    assert browser.value("document.querySelector('#auto-1a').placeholder") == "30"
    page = browser.value("document.body.innerText")
    assert "30 of 30 automatic points" in page
    assert "Scoring sheet, question 1b" in page


def test_formgrader_executes_nothing_of_a_student(browser, address, course):  # noqa: F811
    open_submission(browser, address, course, "hostile")
    assert "My answer" in browser.value("document.body.innerText")
    assert browser.value("document.title") != "taken"
    assert browser.value("document.querySelectorAll('[onerror], [onload], svg').length") == 0
    links = browser.value("[...document.links].map(link => link.protocol).join()")
    assert "javascript" not in links


def test_formgrader_grades_an_answer_after_batch_and_runs_nothing(browser, batch_course):  # noqa: F811
    ready = "/formgrader/api/assignments"
    with jupyter_server(batch_course.folder, batch_course.environment(), ready) as address:
        open_submission(browser, address, batch_course, "hostile")
        page = browser.value("document.body.innerText")
        for text in ("My answer", "Scoring sheet, question 1b", "30 of 30 automatic points"):
            assert text in page
        assert "Mine" in page
        assert browser.value("document.title") != "taken"
        assert browser.value("document.querySelectorAll('[onerror], [onload], svg').length") == 0
        type_into(browser, "#written-1b", "3.5")
        wait_for(lambda: batch_course.grades("hostile")["written-1b"].score == 3.5)
    (score,) = manual_scores(batch_course.folder / "gradebook.db")
    assert (score.student, score.cell, score.points) == ("hostile", "written-1b", 3.5)
    batch_course.nbgrader("generate_feedback", ASSIGNMENT)
    feedback = batch_course.folder / "feedback" / "hostile" / ASSIGNMENT / "main.html"
    assert "onerror" not in feedback.read_text()
