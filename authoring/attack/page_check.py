"""Whether what people look at after marking can have been shaped by what was marked.

Every page, table and record of a report is written as `grade` writes it and read again: the page
must hold the elements of the template alone, load nothing and run nothing; no text may hold a
character that steers a terminal or turns a line round; no cell may be a formula.
"""

import csv
import io
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

from rich.console import Console

from autograder.engine.record import Report
from autograder.grading.results_folder import ResultsFolder
from autograder.grading.submission import Trace
from autograder.report import figures, html
from autograder.report.terminal import print_report, print_summary

_WRITTEN_BY = (Path(html.__file__).with_name("report.html.j2"), Path(figures.__file__))
_ELEMENTS = frozenset(
    element
    for path in _WRITTEN_BY
    for element in re.findall(r"<([a-z][a-z0-9]*)", path.read_text())
)
_ADDRESSES = frozenset({"href", "src", "action", "srcdoc", "data", "formaction", "xlink:href"})
_VOID = frozenset({"meta", "link"})
_JOINERS = "\u200c\u200d"  # needed by living scripts, harmless; see quantlab.protocol.sanitize_text
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def complaints(report: Report, trace: Trace, folder: Path) -> list[str]:
    """What is wrong with the files that `report` makes below `folder`, and with what is printed."""
    results = ResultsFolder(folder)
    results.write_final(report, trace)
    page = results.page(report.student).read_text(encoding="utf-8")
    table = (folder / "summary.csv").read_text(encoding="utf-8")
    record = (folder / report.student / "report.json").read_text(encoding="utf-8")
    printed = io.StringIO()
    console = Console(file=printed, width=120)
    print_summary([report], [results.page(report.student)], console)
    print_report(report, console)
    wrong = [
        f"{name} holds the characters {', '.join(found)}."
        for name, text in (("report.html", page), ("summary.csv", table), ("the terminal", printed))
        if (found := _steering(text if isinstance(text, str) else text.getvalue()))
    ]
    wrong += [f"report.html: {problem}." for problem in problems_of_page(page)]
    wrong += [f"summary.csv: {problem}." for problem in problems_of_table(table)]
    if Report.from_json(record).to_json() != record:
        wrong.append("report.json is not what it says when it is read and written again.")
    return wrong


def problems_of_page(page: str) -> list[str]:
    """Elements, attributes and nesting that the template has not."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    found = [*reader.problems, *(f"<{tag}> is left open" for tag in reader.open)]
    if "Content-Security-Policy" not in page:
        found.append("there is no content security policy")
    return found


def problems_of_table(table: str) -> list[str]:
    """Cells that a spreadsheet would compute, and rows of another length than the first."""
    rows = list(csv.reader(io.StringIO(table)))
    found = ["a row has another number of cells"] * (len({len(row) for row in rows}) > 1)
    cells = [cell for row in rows for cell in row]
    return found + [f"{cell!r} is a formula" for cell in cells if cell.startswith(_FORMULA)]


def _steering(text: str) -> list[str]:
    """The characters of `text` that do something instead of being something."""
    categories = ("Cc", "Cf", "Cs", "Co")
    steering = {c for c in text if unicodedata.category(c) in categories}
    return sorted(f"U+{ord(c):04X}" for c in steering - {"\n", "\t", *_JOINERS})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes what is not open")

    def _element(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ELEMENTS:
            self.problems.append(f"<{tag}> is no element of the template")
        for name, value in attrs:
            local = (value or "").startswith("#") or value == "data:,"
            if name.startswith("on") or (name in _ADDRESSES and not local):
                self.problems.append(f'<{tag} {name}="{value}"> runs or loads something')
