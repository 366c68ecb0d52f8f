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
from typing import Any

import pytest

from autograder.course.audit import Audit, AuditFinding
from autograder.course.audit.audit_finding import Kind
from autograder.course.outputs import appeal_page, audit_page
from autograder.engine.record import Report, Verdict
from autograder.report import html
from tests.class_outputs.people import a_class
from tests.class_page.test_dashboard import _page as class_page

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


def _appeal() -> str:
    after = _report()
    return appeal_page.render(_before(after), after)


def _appeal_for_staff() -> str:
    after = _report()
    return appeal_page.render_for_staff(_before(after), after, {after.checks[0].id: ["a", "b"]})


PAGES: dict[str, Callable[[], str]] = {
    "report": lambda: html.render(_report()),
    "empty report": lambda: html.render(Report("ada", "cifar10", "B", (), {})),
    "class": lambda: class_page(a_class(20)),
    "audit": _audit,
    "appeal": _appeal,
    "appeal for staff": _appeal_for_staff,
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
