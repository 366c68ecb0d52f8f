"""The page of a class in a real browser: it sorts, searches, obeys the keyboard, stays silent."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from autograder.course.audit import Audit, AuditFinding
from autograder.course.audit.audit_finding import Kind
from autograder.course.class_record import ClassRecord
from autograder.course.manual_scores import ManualScore
from autograder.course.outputs import audit_page
from autograder.course.outputs.dashboard import render
from autograder.course.policy import LatePolicy, Policy, apply_manual_scores, apply_policy
from autograder.course.reference_results import ReferenceNumbers, reference_numbers
from autograder.engine.record import Misconception, Verdict
from tests.class_outputs.people import (
    RUBRIC,
    WRITTEN,
    a_check,
    a_class,
    a_record,
    a_report,
    an_outcome,
)

pytestmark = pytest.mark.browser

Stored = Callable[[str], Path]
VISIBLE = "[...document.querySelectorAll('#people tbody tr')].filter(row => !row.hidden)"
COLUMN = VISIBLE + ".map(row => row.cells[{0}].textContent)"
POLICY = Policy(
    title="Quantization, autumn",
    deadline=datetime.fromisoformat("2026-10-31T01:00:00+01:00"),
    late=LatePolicy(15, 10, 50, 7),
)


def _page(record: ClassRecord, policy: Policy = POLICY) -> str:
    manual = {
        (outcome.entry.student, check): ManualScore(2.0)
        for number, outcome in enumerate(record.outcomes)
        for check in WRITTEN
        if number % 3
    }
    scores = apply_policy(record, policy, manual)
    pages = {score.member: f"students/{score.member}/report.html" for score in scores}
    numbers = reference_numbers(record.dataset)
    return render(apply_manual_scores(record, scores), scores, policy, numbers, RUBRIC, pages)


@pytest.fixture(scope="module")
def page() -> str:
    return _page(a_class(75))


@pytest.fixture(scope="module")
def hostile() -> ClassRecord:
    """Words without a break and with markup wherever a student, or an export, can put one."""
    word = "<script>document.title='owned'</script><img src='https://a.example/'>" + "W" * 3000
    check = a_check(
        "1a.reset.sym", Verdict.WRONG, message=word, misconception=Misconception(word, word)
    )
    report = replace(a_report("ada", **{"1a.reset.sym": check}), student=word, flags=(word,))
    outcome = replace(an_outcome(report), problem=word, seconds={word: 1.0})
    entry = replace(outcome.entry, student=word, members=(word, f'"{word}'))
    return replace(a_record(replace(outcome, entry=entry)), dataset=word)


def _numbers(texts: list[str]) -> list[float]:
    return [float(text) for text in texts if text not in ("", "–")]


def _type(browser: Any, text: str) -> None:
    browser.send("Input.insertText", text=text)


def _press(browser: Any, key: str) -> None:
    code = {"ArrowDown": 40, "ArrowUp": 38, "Escape": 27, "/": 191}[key]
    common = {"key": key, "windowsVirtualKeyCode": code}
    text = {"text": key} if len(key) == 1 else {}
    browser.send("Input.dispatchKeyEvent", type="keyDown", **common, **text)
    browser.send("Input.dispatchKeyEvent", type="keyUp", **common)


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_class_page_is_never_wider_than_the_window(
    width: int, browser: Any, page: str, stored: Stored
) -> None:
    browser.open(stored(page), width)
    assert browser.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_class_page_fetches_nothing_and_logs_nothing(
    scheme: str, browser: Any, page: str, stored: Stored
) -> None:
    path = stored(page)
    browser.open(path, scheme=scheme)
    assert [url for url in browser.requests() if not url.startswith("data:")] == [path.as_uri()]
    assert browser.complaints() == []
    ground = browser.value("getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in re.findall(r"\d+", ground)[:3])
    assert brightness > 3 * 240 if scheme == "light" else brightness < 3 * 40


def test_class_page_neither_runs_nor_widens_hostile_text(
    browser: Any, hostile: ClassRecord, stored: Stored
) -> None:
    path = stored(_page(hostile))
    browser.open(path, 360)
    assert browser.value("document.title") != "owned"
    assert browser.value("document.scripts.length") == 1
    assert browser.value("document.images.length") == 0
    assert browser.value("document.documentElement.scrollWidth") <= 360
    assert [url for url in browser.requests() if not url.startswith("data:")] == [path.as_uri()]


def test_class_page_refuses_an_injected_script(browser: Any, page: str, stored: Stored) -> None:
    broken = page.replace("</main>", "<script>document.title = 'owned'</script></main>")
    browser.open(stored(broken))
    assert browser.value("document.title") != "owned"
    assert any("Content Security Policy" in complaint for complaint in browser.complaints())


def test_class_page_heading_sorts_down_then_up_and_announces_it(
    browser: Any, page: str, stored: Stored
) -> None:
    browser.open(stored(page), 1440)
    heading = "document.querySelector('#people th:nth-child(2)')"
    assert browser.value(f"{heading}.getAttribute('aria-sort')") == "none"
    for way, reverse in (("descending", True), ("ascending", False)):
        browser.value(f"{heading}.querySelector('button').click()")
        assert browser.value(f"{heading}.getAttribute('aria-sort')") == way
        texts = browser.value(COLUMN.format(1))
        totals = _numbers(texts)
        assert totals == sorted(totals, reverse=reverse)
        assert texts[len(totals) :] == ["–"] * (len(texts) - len(totals))  # without a mark: last
        assert 60 < len(totals) < len(texts) == 75
    browser.value("document.querySelector('#people th').querySelector('button').click()")
    names = browser.value(COLUMN.format(0))
    assert names == sorted(names)
    assert browser.value(f"{heading}.getAttribute('aria-sort')") == "none"


def test_class_page_headings_sort_by_keyboard(browser: Any, page: str, stored: Stored) -> None:
    browser.open(stored(page), 1440)
    browser.value("document.querySelector('#people th:nth-child(2) button').focus()")
    browser.press("Enter")
    assert browser.value("document.activeElement.textContent") == "Total"
    totals = _numbers(browser.value(COLUMN.format(1)))
    assert totals == sorted(totals, reverse=True)
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_class_page_search_filters_students_and_shows_the_count(
    browser: Any, page: str, stored: Stored
) -> None:
    browser.open(stored(page), 1440)
    _press(browser, "/")
    assert browser.value("document.activeElement.id") == "find"
    _type(browser, "S10000")
    assert browser.value(COLUMN.format(0)) == [f"s10000{n}" for n in range(10)]
    assert browser.value("document.getElementById('shown').textContent") == "10 of 75 students"
    _press(browser, "Escape")
    assert len(browser.value(COLUMN.format(0))) == 75


def test_class_page_filters_the_table_by_status(browser: Any, page: str, stored: Stored) -> None:
    browser.open(stored(page), 1440)
    browser.value(
        "document.getElementById('status').value = 'missing';"
        "document.getElementById('status').dispatchEvent(new Event('change', {bubbles: true}))"
    )
    assert browser.value(COLUMN.format(0)) == ["s100024", "s100049", "s100074"]


def test_class_page_check_filters_students_who_lost_points(
    browser: Any, page: str, stored: Stored
) -> None:
    record = a_class(75)
    lost = [
        outcome.entry.student
        for outcome in record.outcomes
        for check in outcome.report.checks
        if check.id == "2a.STE.gradient" and check.points < check.max_points
    ]
    browser.open(stored(page), 1440)
    browser.value("document.querySelector('[data-asks=\"2a.STE.gradient\"]').click()")
    assert browser.value(COLUMN.format(0)) == lost
    assert 0 < len(lost) < 72


def test_class_page_mistake_filters_the_students_with_it(
    browser: Any, page: str, stored: Stored
) -> None:
    browser.open(stored(page), 1440)
    count = browser.value("Number(document.querySelector('.mistakes .count').textContent)")
    browser.value("document.querySelector('.mistakes a').click()")
    assert len(browser.value(COLUMN.format(0))) == count > 1


def test_class_page_change_of_thresholds_agrees_with_the_table(
    browser: Any, page: str, stored: Stored
) -> None:
    browser.open(stored(page), 1440)
    for table, field, columns in (
        ("accuracy-table", "accuracy-change", {4: -2, 5: -1, 6: 1, 7: 2}),
        ("size-table", "size-change", {3: -10, 4: -5, 5: 5, 6: 10}),
    ):
        rows = f"[...document.querySelectorAll('#{table} tbody tr')]"
        cells = rows + ".map(row => row.cells[{}].textContent)"
        for column, change in columns.items():
            browser.value(
                f"document.getElementById('{field}').value = '{change}';"
                f"document.getElementById('{field}').dispatchEvent(new Event('input'))"
            )
            own = browser.value(cells.format(max(columns) + 1))
            assert own == browser.value(cells.format(column))
            assert len(set(own)) > 2


def test_class_page_names_checks_with_negative_discrimination() -> None:
    weak = dict.fromkeys(("2a.STE.gradient", "2b.integer_linear.values"), Verdict.WRONG)
    reports = [a_report(f"weak{n}", **weak) for n in range(6)]
    reports += [a_report(f"good{n}", **{"1a.reset.sym": Verdict.WRONG}) for n in range(6)]
    page = _page(a_record(*map(an_outcome, reports)))
    note = page[page.index('id="negative-title"') : page.index('<ul class="legend">')]
    assert "<code>1a.reset.sym</code>: r = −1.00, n = 12</li>" in note
    assert "That is few." in page
    assert 'id="negative-title"' not in _page(a_record(an_outcome(a_report("a"))))


def test_class_page_folds_reviews_with_one_reason() -> None:
    fault = {"2d.model.W2A2": Verdict.GRADER_FAULT}
    outcomes = [an_outcome(a_report(f"s{n:03d}", **fault)) for n in range(500)]
    page = _page(a_record(*outcomes))
    note = page[page.index('id="staff-title"') : page.index('<section id="scores"')]
    assert "500 students need review" in note
    assert note.count("<summary>") == 1
    assert "<b>500 students:</b> The grader failed on 2d.model.W2A2." in note
    assert note.count("<li><a href=") == 500


def test_class_page_labels_of_the_size_plot_do_not_touch(
    browser: Any, page: str, stored: Stored
) -> None:
    browser.open(stored(page), 320)
    boxes = browser.value(
        "[...document.querySelectorAll('#sizes svg text')].map(t => t.getBoundingClientRect())"
        ".map(b => [b.left, b.right, b.top, b.bottom])"
    )
    assert len(boxes) > 8
    for number, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[:number]:
            apart = left >= other[1] + 4 or other[0] >= right + 4
            assert apart or top >= other[3] - 2 or other[2] >= bottom - 2


def test_class_page_arrows_move_through_visible_rows(
    browser: Any, page: str, stored: Stored
) -> None:
    browser.open(stored(page), 1440)
    _press(browser, "/")
    _type(browser, "s10000")
    focused = "document.activeElement.textContent"
    for expected in ("s100000", "s100001", "s100002"):
        _press(browser, "ArrowDown")
        assert browser.value(focused) == expected
    _press(browser, "ArrowUp")
    assert browser.value(focused) == "s100001"
    _press(browser, "ArrowUp")
    _press(browser, "ArrowUp")
    assert browser.value("document.activeElement.id") == "find"


def test_class_page_skip_link_comes_first_and_leads_to_students(
    browser: Any, page: str, stored: Stored
) -> None:
    browser.open(stored(page))
    browser.press("Tab")
    assert browser.value("document.activeElement.className") == "skip"
    browser.press("Enter")
    assert browser.value("document.activeElement.id") == "students"


def test_class_page_is_complete_without_its_script(page: str, browser: Any, stored: Stored) -> None:
    silent = re.sub(r"<script>.*</script>", "", page, flags=re.DOTALL)
    browser.open(stored(silent))
    assert browser.value("document.querySelectorAll('#people tbody tr').length") == 75
    assert browser.value("document.getElementById('tools').offsetHeight") == 0


def test_class_page_sorts_and_searches_a_thousand_students(browser: Any, stored: Stored) -> None:
    page = _page(a_class(1000))
    assert len(page.encode()) < 5_000_000
    browser.open(stored(page), 1440)
    assert len(browser.value(COLUMN.format(0))) == 1000
    browser.value("document.querySelector('#people th:nth-child(2) button').click()")
    totals = _numbers(browser.value(COLUMN.format(1)))
    assert totals == sorted(totals, reverse=True)
    _press(browser, "/")
    _type(browser, "s100999")
    assert browser.value(COLUMN.format(0)) == ["s100999"]


def test_class_page_shows_an_empty_class(browser: Any, stored: Stored) -> None:
    page = render(a_record(), (), Policy(), ReferenceNumbers(), RUBRIC, {})
    browser.open(stored(page), 360)
    assert browser.value("document.documentElement.scrollWidth") <= 360
    assert browser.complaints() == []


def test_audit_page_shows_findings_without_a_script(browser: Any, stored: Stored) -> None:
    word = "<script>document.title='owned'</script>" + "W" * 3000
    look = AuditFinding(Kind.SOLUTION, word, word, (word, "ada"), 0.9, (word, "def f():\n    pass"))
    page = audit_page.render(Audit((look,), (word,)), word, {"ada": "../students/ada/report.html"})
    browser.open(stored(page), 360)
    assert browser.value("document.title") != "owned"
    assert browser.value("document.scripts.length") == 0
    assert browser.value("document.documentElement.scrollWidth") <= 360
    assert browser.complaints() == []
