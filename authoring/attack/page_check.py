"""Check that a submission cannot change the pages and tables that staff and students open.

Every page, table and record of a report is written as `grade` writes it and read again. A page may
contain only the template's elements and load or run nothing. No text may contain a control or
bidirectional character, and no table cell may be a formula.
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


def find_problems(report: Report, trace: Trace, folder: Path) -> list[str]:
    """Write the files of `report` below `folder`; return what is wrong with them and the output."""
    results = ResultsFolder(folder, for_staff=True)
    results.write_final(report, trace)
    page = results.page(report.student).read_text(encoding="utf-8")
    table = (folder / "summary.csv").read_text(encoding="utf-8")
    record = (folder / report.student / "report.json").read_text(encoding="utf-8")
    printed = io.StringIO()
    console = Console(file=printed, width=120)
    print_summary([report], [results.page(report.student)], console)
    print_report(report, console)
    problems = [
        f"{name} contains the control characters {', '.join(characters)}."
        for name, text in (("report.html", page), ("summary.csv", table), ("the terminal", printed))
        if (characters := _control_characters(text if isinstance(text, str) else text.getvalue()))
    ]
    problems += [f"report.html: {problem}." for problem in problems_of_page(page)]
    problems += [f"summary.csv: {problem}." for problem in problems_of_table(table)]
    if Report.from_json(record).to_json() != record:
        problems.append("report.json changes when it is read and written again.")
    return problems


def problems_of_page(page: str) -> list[str]:
    """Return the elements, attributes and nesting of a page that are not the template's."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    problems = [*reader.problems, *(f"<{tag}> is not closed" for tag in reader.open)]
    if "Content-Security-Policy" not in page:
        problems.append("the content security policy is missing")
    return problems


def problems_of_table(table: str) -> list[str]:
    """Return the cells that a spreadsheet would compute, and whether row lengths differ."""
    rows = list(csv.reader(io.StringIO(table)))
    problems = ["rows have different numbers of cells"] * (len({len(row) for row in rows}) > 1)
    cells = [cell for row in rows for cell in row]
    return problems + [f"{cell!r} is a formula" for cell in cells if cell.startswith(_FORMULA)]


def _control_characters(text: str) -> list[str]:
    """Return the code points of `text` that control a terminal or the direction of a line."""
    categories = ("Cc", "Cf", "Cs", "Co")
    control = {c for c in text if unicodedata.category(c) in categories}
    return sorted(f"U+{ord(c):04X}" for c in control - {"\n", "\t", *_JOINERS})


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
            self.problems.append(f"<{tag}> is not an element of the template")
        for name, value in attrs:
            local = (value or "").startswith("#") or value == "data:,"
            if name.startswith("on") or (name in _ADDRESSES and not local):
                self.problems.append(f'<{tag} {name}="{value}"> runs or loads something')
