"""Every page that people read passes axe-core: contrast, labels, table headers, regions.

axe-core is that of the package axe-core-python. AXE_CORE names another axe.min.js, such as the
newest (`npm pack axe-core`).
"""

import importlib.util
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from autograder.course.audit import Audit, AuditFinding
from autograder.course.audit.audit_finding import Kind
from autograder.course.class_folder import DATABASE, JOURNAL
from autograder.course.journal import Journal
from autograder.course.outputs import appeal_page, audit_page, leaderboard_page
from autograder.course.outputs.leaderboard import Leaderboard, LeaderboardEntry
from autograder.course.policy import Policy
from autograder.course.published_class import read_published_class
from autograder.course.readings import Kind as ReadingKind
from autograder.course.readings import Reading
from autograder.desk import pages as desk_pages
from autograder.desk.answers import Answer, NumberTable, Passage, Question
from autograder.desk.blind import Share
from autograder.desk.class_desk import ClassDesk, DeskOptions
from autograder.desk.copy import copy_page
from autograder.desk.pages import AnswerView
from autograder.desk.reader import open_reader
from autograder.engine.record import Report, Verdict
from autograder.engine.rubric import load_rubric
from autograder.platforms.nbgrader_course.criteria import Criterion
from autograder.report import html
from tests.class_outputs.people import WRITTEN, a_class
from tests.class_page.test_dashboard import _page as class_page
from tests.desk.small_class import make_class

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parent.parent / "report" / "sample.json"
VIEWS = [("light", 1280), ("dark", 360)]
RUN = """
axe.run(document, {resultTypes: ["violations"]}).then(found => JSON.stringify(
  found.violations.map(rule => [rule.id, rule.help, rule.nodes.slice(0, 5).map(n => n.html)])))
"""


def _report() -> Report:
    return Report.from_json(SAMPLE.read_text(encoding="utf-8"))


def _before(after: Report) -> Report:
    return replace(
        after, checks=tuple(replace(c, points=0, verdict=Verdict.WRONG) for c in after.checks)
    )


def _audit() -> str:
    code = "def linear_quantize(input, scale):\n    return input / scale"
    finding = AuditFinding(
        Kind.SOLUTION, "Two alike", "They share 90 %.", ("ada", "grace"), 0.9, (code, code)
    )
    pages = {"ada": "../students/ada/report.html"}
    return audit_page.render(Audit((finding,), ("One file was too long.",)), "Autumn", pages)


def _leaderboard() -> str:
    entries = (LeaderboardEntry("Captain Clip", 50.0, 86.1), LeaderboardEntry("שלום", 60, 91))
    return leaderboard_page.render(Leaderboard(entries), Policy(), load_rubric(), "CIFAR-10")


def _appeal() -> str:
    after = _report()
    return appeal_page.render(_before(after), after)


def _appeal_for_staff() -> str:
    after = _report()
    return appeal_page.render_for_staff(_before(after), after, {after.checks[0].id: ["a", "b"]})


def _desk_answer() -> str:
    criteria = (Criterion(2.5, "Says what clipping costs."), Criterion(1.5, "Compares widths."))
    question = Question("1b", "1b.explanation", "Methods", 4.0, criteria, "Explain the scales.")
    table = NumberTable("Vector A", ("8 bits", "4 bits"), {"sym": (0.0001, None)})
    texts = (
        Passage("main.ipynb", "0.0001, not 0.00011 or 0.5"),
        Passage("report.txt", "All of it.", is_whole=True),
        Passage("report.pdf", "", problem="This file has a password."),
    )
    first = Reading("ada", question.check, ReadingKind.FIRST, True, (0,), 2.5, "Good.", "grace", "")
    view = AnswerView(
        question=question,
        kind=ReadingKind.AGREED,
        number=3,
        run="run",
        read=2,
        total=5,
        answer=Answer(texts, (), (table,), ("The archive is damaged.",)),
        draft=first,
        state="Draft stored. Press Enter to save.",
        others=(first,),
        comments=("Good.",),
        is_open=True,
        links={"previous": None, "next": "/agreed/1b/4", "unread": None, "save": "/agreed/1b/3"},
        pictures=(("data:,", "1b"), ("data:,", "1c")),
    )
    return desk_pages.render_answer(view).text


def _desk(out: Path, render: Callable[[ClassDesk], str]) -> str:
    published = read_published_class(out)
    with open_reader(out, published, None) as reader:
        return render(ClassDesk(out, published, reader, DeskOptions("grace", Share())))


def _desk_overview() -> str:
    with TemporaryDirectory() as folder:
        out = make_class(Path(folder), 2, missing=1)
        first = Reading(
            "student-000", WRITTEN[0], ReadingKind.FIRST, True, (0,), 2.5, "", "grace", ""
        )
        with Journal(out / JOURNAL / DATABASE) as journal:
            journal.add_reading(first)
            journal.add_reading(replace(first, kind=ReadingKind.SECOND, grader="alan", points=1.0))

        def render(desk: ClassDesk) -> str:
            progress = tuple(desk.progress())
            return desk_pages.render_overview("Autumn", "Grace", "part 1 of 2", progress).text

        return _desk(out, render)


def _desk_copy() -> str:
    with TemporaryDirectory() as folder:
        return _desk(make_class(Path(folder), 3), copy_page)


PAGES: dict[str, Callable[[], str]] = {
    "report": lambda: html.render(_report()),
    "empty report": lambda: html.render(Report("ada", "cifar10", "B", (), {})),
    "class": lambda: class_page(a_class(20)),
    "leaderboard": _leaderboard,
    "audit": _audit,
    "appeal": _appeal,
    "appeal for staff": _appeal_for_staff,
    "desk: answer": _desk_answer,
    "desk: overview": _desk_overview,
    "desk: copy": _desk_copy,
}


@pytest.fixture(scope="module")
def axe() -> str:
    if named := os.environ.get("AXE_CORE"):
        return Path(named).read_text(encoding="utf-8")
    package = importlib.util.find_spec("axe_core_python")
    if package is None or package.origin is None:
        pytest.skip("axe-core-python is not installed: pip install -e '.[dev]'")
    return (Path(package.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(browser: Any, axe: str) -> list[str]:
    """The rules that the open page breaks, each with the first elements that break it."""
    browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.value(axe + "; 0")
    answer = browser.send("Runtime.evaluate", expression=RUN, awaitPromise=True, returnByValue=True)
    return [" ".join([id, why, *where]) for id, why, where in json.loads(answer["result"]["value"])]


@pytest.mark.parametrize("name", PAGES)
def test_page_passes_axe_core(name: str, axe: str, browser: Any, stored: Any) -> None:
    page = stored(PAGES[name]())
    for scheme, width in VIEWS:
        browser.open(page, width, scheme)
        assert violations(browser, axe) == [], f"{scheme}, {width} pixels wide"


def test_violations_names_the_rules_that_a_page_breaks(axe: str, browser: Any, stored: Any) -> None:
    gray = "<p style='color:#999;background:#fff'>gray on white"
    browser.open(stored(f"<!doctype html><html><body><img src='data:,'>{gray}"))
    broken = " ".join(violations(browser, axe))
    for rule in ("image-alt", "color-contrast", "html-has-lang", "document-title", "region"):
        assert rule in broken
