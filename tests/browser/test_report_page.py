"""The report in a real browser: it fits, folds, follows the reader's settings, and stays silent."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.engine.record import CheckResult, Misconception, Report, Verdict
from autograder.report import html

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parent.parent / "report" / "sample.json"
Stored = Callable[[str], Path]


@pytest.fixture(scope="module")
def sample() -> Report:
    return Report.from_json(SAMPLE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hostile() -> Report:
    """Words without a break and with markup wherever a student can put one."""
    word = "<script>document.title='owned'</script><img src='https://a.example/'>" + "W" * 9000
    evidence = dict.fromkeys(("call", "expected", "got", "difference", "printed"), word)
    check = CheckResult(
        "id" + "W" * 300, "1a", word, True, "call", Verdict.WRONG, 0, 3, 3, word,
        Misconception(word, word),
        {**evidence, "inputs": [[word, word]], "depends_on": [word]},
    )  # fmt: skip
    return Report(word, word, "UNISOLATED " + word, (check,), {"1a": word}, flags=(word,))


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_report_page_is_never_wider_than_the_window(
    width: int, browser: Any, sample: Report, stored: Stored
) -> None:
    browser.open(stored(html.render(sample, for_staff=True)), width)
    browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.value("document.documentElement.scrollWidth") <= width


def test_report_page_neither_runs_nor_widens_hostile_text(
    browser: Any, hostile: Report, stored: Stored
) -> None:
    page = stored(html.render(hostile, for_staff=True))
    browser.open(page, 360)
    assert browser.value("document.documentElement.scrollWidth") <= 360
    assert browser.value("document.title") != "owned"
    assert browser.value("document.scripts.length + document.images.length") == 0
    assert browser.requests() == [page.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_page_fetches_nothing_and_logs_nothing(
    scheme: str, browser: Any, sample: Report, stored: Stored
) -> None:
    page = stored(html.render(sample, for_staff=True))
    browser.open(page, scheme=scheme)
    assert [url for url in browser.requests() if not url.startswith("data:")] == [page.as_uri()]
    assert browser.complaints() == []


def test_report_page_refuses_an_injected_script(browser: Any, stored: Stored) -> None:
    page = html.render(Report("ada", "cifar10", "B", (), {}))
    broken = page.replace("</main>", "<script>document.title = 'owned'</script></main>")
    browser.open(stored(broken))
    assert browser.value("document.title") != "owned"
    assert any("Content Security Policy" in complaint for complaint in browser.complaints())


def test_report_page_background_follows_the_color_scheme(
    browser: Any, sample: Report, stored: Stored
) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        browser.open(stored(html.render(sample)), scheme=scheme)
        ground = browser.value("getComputedStyle(document.body).backgroundColor")
        grounds.append(sum(int(part) for part in ground.strip("rgb()").split(",")))
    light, dark = grounds
    assert light > 3 * 240
    assert dark < 3 * 40


def test_report_page_opens_checks_by_keyboard_and_shows_focus(
    browser: Any, sample: Report, stored: Stored
) -> None:
    browser.open(stored(html.render(sample)))
    browser.press("Tab")
    assert browser.value("document.activeElement.className") == "skip"
    assert browser.value("document.activeElement.getBoundingClientRect().left") >= 0
    browser.value("document.querySelector('.check > summary').focus()")
    assert browser.value("document.querySelector('.check').open") is False
    browser.press("Enter")
    assert browser.value("document.querySelector('.check').open") is True
    browser.press("Enter")
    assert browser.value("document.querySelector('.check').open") is False
    browser.press("Tab")
    assert browser.value("document.activeElement.tagName") == "SUMMARY"
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_report_page_link_scrolls_to_its_check(
    browser: Any, sample: Report, stored: Stored
) -> None:
    browser.open(stored(html.render(sample)))
    browser.value("document.querySelector('.losses a').click()")
    top = browser.value("document.querySelector(location.hash).getBoundingClientRect().top")
    assert 0 <= top < 800


def test_report_page_shows_an_empty_report(browser: Any, sample: Report, stored: Stored) -> None:
    browser.open(stored(html.render(replace(sample, checks=(), models=(), flags=()))), 360)
    assert browser.value("document.documentElement.scrollWidth") <= 360
    assert browser.complaints() == []
