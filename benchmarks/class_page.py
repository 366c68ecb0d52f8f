"""Measure how long the page of a large class takes to open, and its size.

    python -m benchmarks.class_page [--students 1000] [--runs 5]

The class is generated, as in the tests of the page. A headless Chromium starts each time, loads the
page, runs its script, prints the document, and ends. The time for an empty page is printed beside
it. Exit status 1 if the page takes 2 s or 5 MB, 2 without a browser.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.course.outputs.dashboard import render
from autograder.course.policy import Policy, apply_manual_scores, apply_policy
from autograder.course.reference_results import reference_numbers
from autograder.exit_status import USAGE
from tests.class_outputs.people import RUBRIC, a_class

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom")
MOST_SECONDS, MOST_BYTES = 2.0, 5_000_000


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.class_page",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"No browser was found: install one of {', '.join(BROWSERS)}.", file=sys.stderr)
        return USAGE
    with tempfile.TemporaryDirectory() as folder:
        page, empty = Path(folder, "class.html"), Path(folder, "empty.html")
        page.write_text(class_page(options.students), encoding="utf-8")
        empty.write_text("<!doctype html><title>empty</title>", encoding="utf-8")
        size = page.stat().st_size
        pairs = [
            (browser_seconds(browser, page, options.students), browser_seconds(browser, empty, 0))
            for _ in range(options.runs)
        ]
    longest = max(own for own, _ in pairs)
    own, peer = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"{options.students:,} students: {size / 1e6:.2f} MB, open after {own:.2f} s "
        f"(at most {longest:.2f}) where an empty page takes {peer:.2f} s"
    )
    return int(own >= MOST_SECONDS or size >= MOST_BYTES)


def class_page(students: int) -> str:
    """Return the page of a generated class."""
    record = a_class(students)
    scores = apply_policy(record, Policy(), {})
    pages = {score.member: f"students/{score.member}/report.html" for score in scores}
    numbers = reference_numbers(record.dataset)
    return render(apply_manual_scores(record, scores), scores, Policy(), numbers, RUBRIC, pages)


def browser_seconds(browser: str, page: Path, students: int) -> float:
    """Return the seconds from the start of the browser to its end.

    Raise `RuntimeError` if the page lacks a student.
    """
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *FLAGS, f"--user-data-dir={profile}", page.as_uri()]
        started = time.perf_counter()
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        taken = time.perf_counter() - started
    if shown.count("data-find=") < students:
        raise RuntimeError(f"Expected {students} students in the browser, got fewer.")
    return taken


if __name__ == "__main__":
    raise SystemExit(main())
