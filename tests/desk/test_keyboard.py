"""The desk in Chromium: answers graded by keyboard alone, hostile answers, the end by Ctrl-C."""

import csv
import json
import re
import signal
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.commands.desk import open_browser
from autograder.course.class_folder import DATABASE, JOURNAL
from autograder.course.journal import Journal
from quantlab.paths import KIT
from tests.browser.conftest import Browser
from tests.desk.small_class import answers_json, make_class, notebook, report_text
from tests.desk.test_server import HOSTILE

pytestmark = pytest.mark.browser

SECONDS = 120  # for a page, on a busy machine


@contextmanager
def a_desk(out: Path, *options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run the command and yield the printed address and the process."""
    command = [sys.executable, "-m", "autograder", "desk", str(out), "--no-browser", *options]
    with subprocess.Popen(command, cwd=KIT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = re.search(r"http\S+", process.stdout.readline())
        assert address is not None
        try:
            yield address[0], process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def wait_for(browser: Browser, expression: str) -> None:
    """Wait until an expression is true in the page."""
    deadline = time.monotonic() + SECONDS
    while not browser.value(f"document.readyState == 'complete' && Boolean({expression})"):
        assert time.monotonic() < deadline, f"never: {expression}"
        time.sleep(0.02)


def batch(export: Path, out: Path) -> str:
    """Grade the class on Shapes-10 and return what the terminal shows."""
    command = [sys.executable, "-m", "autograder", "batch", str(export), "--out", str(out)]
    done = subprocess.run(
        [*command, "--data", "shapes10", "--jobs", "1"],
        cwd=KIT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout + done.stderr


def make_export(export: Path, count: int) -> None:
    """Write submissions of written answers only, which are graded in moments."""
    for number in range(count):
        student = export / f"student-{number:03d}"
        student.mkdir(parents=True)
        if number % 2:
            (student / "report.md").write_text(report_text(number), encoding="utf-8")
        else:
            text = f"Clipping costs little on A. {number}"
            (student / "main.ipynb").write_bytes(notebook({"1b": text}))
        (student / "answers.json").write_bytes(answers_json(student.name, "Shapes-10"))


@pytest.mark.long
def test_twenty_answers_graded_by_keyboard_are_in_final_csv(browser, tmp_path):
    export, out = tmp_path / "export", tmp_path / "results"
    make_export(export, 20)
    batch(export, out)
    with a_desk(out, "--grader", "Grace") as (address, _):
        browser.visit(address, 1300)
        wait_for(browser, "document.getElementById('overview')")
        browser.press("Enter")  # the first question
        for number in range(20):
            wait_for(browser, "document.getElementById('save')")
            here = browser.value("location.pathname")
            browser.press("1")
            if number % 2:
                browser.press("3")
            if number == 0:
                browser.press("c")
                browser.send("Input.insertText", text="Clear and short.")
            browser.press("Enter")
            wait_for(browser, f"location.pathname != {here!r}")
        wait_for(browser, "document.body.textContent.includes('20 of 20 read')")
        assert browser.complaints() == []
    batch(export, out)
    with (out / "final.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    manual = sorted(float(row["manual"]) for row in rows)
    assert {row["status"] for row in rows} == {"awaiting marking"}  # 1c and 2d are unread
    assert manual == [1.5] * 10 + [2.5] * 10
    scores = [s["manual"] for s in json.loads((out / "class.json").read_text())["students"]]
    assert all(set(checks) == {"1b.explanation"} for checks in scores)
    assert sum(checks["1b.explanation"]["comment"] == "Clear and short." for checks in scores) == 1


def test_clicks_reach_the_journal_before_the_grader_moves_on(
    browser, open_desk, serve, monkeypatch, out, tmp_path
):
    opened = open_desk()
    gate, save, release = serve(opened), opened.save, threading.Event()
    monkeypatch.setattr(webbrowser, "open", lambda _: True)
    monkeypatch.setattr(opened, "save", lambda *values: (release.wait(60), save(*values)))
    with open_browser(gate.address, tmp_path):  # its browser is headless and not asked
        (page,) = tmp_path.glob("open-*")
        browser.open(page, 1300)
        wait_for(browser, "document.getElementById('overview')")
    browser.visit(f"http://{gate.host}/first/1b/1", 1300)
    browser.value("navigation.addEventListener('navigate', () => { window.leaves = true; }), 0")
    for key in ("1", "2", "j"):
        browser.press(key)
    assert browser.value("location.pathname.endsWith('/1') && !window.leaves")
    release.set()
    wait_for(browser, "location.pathname.endsWith('/2')")
    with Journal(out / JOURNAL / DATABASE) as journal:
        assert [reading.criteria for reading in journal.readings()] == [(0,), (0, 1)]


def test_hostile_answers_run_nothing_in_the_browser(browser, tmp_path):
    out = make_class(tmp_path, 2)
    for student in (tmp_path / "export").iterdir():
        for report in student.glob("[mr]*"):
            report.unlink()
        (student / "report.md").write_text(f"1b\n{HOSTILE}", encoding="utf-8")
    with a_desk(out) as (address, process):
        browser.visit(address, 1300)
        wait_for(browser, "document.getElementById('overview')")
        origin = address.partition("/?")[0]
        browser.visit(f"{origin}/first/1b/1", 1300)
        wait_for(browser, "document.getElementById('save')")
        text = browser.value("document.querySelector('.text').textContent")
        assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in text
        assert browser.value("document.querySelectorAll('.text img, .text script').length") == 0
        assert browser.value("document.scripts.length") == 1
        assert all(url.startswith((origin, "data:")) for url in browser.requests())
        assert browser.complaints() == []
        assert browser.value("document.cookie") == ""  # HttpOnly
        browser.press("2")
        wait_for(browser, "document.getElementById('status').textContent.includes('Enter')")
        assert browser.value("document.getElementById('points').value") == "1.5"
        browser.press("?")
        wait_for(browser, "document.getElementById('help').open")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
