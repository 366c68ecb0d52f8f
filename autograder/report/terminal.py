"""Print reports in a terminal: one submission in full, or a table of many.

Every text is sanitized and passed to rich as plain `Text`, so a student can inject neither escape
sequences nor rich markup.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.engine.record import CheckResult, Report, Verdict
from autograder.report import wording
from autograder.report.evidence import ShownEvidence, read_evidence
from quantlab.protocol.sanitize_text import clean

_STYLES = {
    "good": "green",
    "part": "yellow",
    "bad": "red",
    "stop": "red",
    "none": "dim",
    "wait": "cyan",
    "fault": "bold magenta",
}
_WORD_WIDTH = max(len(word) for word in wording.WORDS.values())


def print_report(report: Report, console: Console) -> None:
    """Print everything of one report except the figures."""
    console.print(_text(report.student, 200, "bold"))
    console.print(_text(wording.total_sentence(report), 200))
    for line, style in _notices(report):
        console.print(_text(line, 600, style))
    for question in report.questions:
        score = wording.question_score(question, "/", "-")
        console.print()
        console.print(_text(f"{question.id}  {question.title}  {score}", 200, "bold"))
        for check in report.checks:
            if check.question == question.id:
                console.print(_check(check))
        for sentence in wording.slip_sentences(report, question.id):
            console.print(Padding(_text(sentence, 400, "cyan"), (0, 0, 0, 2)))


def print_replay(check: CheckResult, lines: Iterable[str], console: Console) -> None:
    """Print one check and the lines of its replay (staff only)."""
    console.print(_text(f"{check.id}  {wording.WORDS[check.verdict]}", 200, "bold"))
    for remark in _remarks(check, read_evidence(check)):
        console.print(_indented(remark))
    for line in lines:
        console.print(Padding(Text(clean(line, 100_000, 2_000)), (0, 0, 0, 4)), soft_wrap=True)


def print_summary(
    reports: Sequence[Report],
    report_paths: Sequence[str | os.PathLike[str]],
    console: Console,
) -> None:
    """Print a row per student with the points of each question, the mistakes and the paths.

    `report_paths` has the order of `reports`; it may be shorter if some were not written.
    """
    questions = list(dict.fromkeys(name for report in reports for name in report.question_titles))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("student", overflow="fold", min_width=12)  # the only one to give way
    for heading in [*questions, "auto", "not graded", "staff"]:
        table.add_column(_text(heading, 20), justify="right", no_wrap=True)
    for report in reports:
        table.add_row(_text(report.student, 40), *_cells(report, questions))
    # In a console too narrow for them the terminal wraps the rows; no number is ever cut.
    unlimited = console.options.update(max_width=10_000)
    needed = console.measure(table, options=unlimited).minimum
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)
    for line in _mistakes(reports):
        console.print(_text(line, 400), soft_wrap=True)
    for report in reports:
        faults = [f"The grader itself failed on {check}." for check in report.needs_staff]
        for sentence in (*report.review, *faults):
            line = f"NEEDS REVIEW: {report.student}: {sentence}"
            console.print(_text(line, 600, "bold magenta"), soft_wrap=True)
    for report, path in zip_longest(reports, report_paths):
        if report is not None and path is not None:
            # Not wrapped: a path has to survive copying.
            console.print(_text(os.fspath(path), 1000), soft_wrap=True)


def _mistakes(reports: Sequence[Report]) -> list[str]:
    """Return the mistakes that were named, the most frequent first."""
    counts = Counter(mistake for report in reports for mistake in report.misconceptions)
    if not counts:
        return []
    lines = [f"{count:>5}  {mistake.sentence}" for mistake, count in counts.most_common()]
    return ["Mistakes by students who made them:", *lines, ""]


def _cells(report: Report, questions: Sequence[str]) -> list[Text]:
    scores = {
        question.id: wording.question_score(question, "/", "-") for question in report.questions
    }
    total = f"{wording.number(report.auto_score)}/{wording.number(report.auto_max)}"
    faults = len(report.needs_staff) + len(report.review) + len(report.flags)
    return [
        *(_text(scores.get(question, ""), 20) for question in questions),
        _text(total, 20, "bold"),
        _text(wording.number(wording.awaiting(report)), 20, "cyan"),
        _text(str(faults), 20, "bold magenta") if faults else _text("-", 1, "dim"),
    ]


def _notices(report: Report) -> list[tuple[str, str]]:
    notices = [(f"Data set {wording.dataset_name(report.dataset)}. {report.isolation}", "dim")]
    if wording.is_unisolated(report):
        notices.append(("UNISOLATED: the submitted code ran without isolation.", "bold red"))
    if report.provisional:
        notices.append(
            ("PROVISIONAL: made from fewer checks or test images than a score.", "bold yellow")
        )
    if report.needs_staff:
        names = ", ".join(report.needs_staff)
        notices.append((f"NEEDS REVIEW: the grader itself failed on {names}.", "bold magenta"))
    notices.extend((f"NEEDS REVIEW: {sentence}", "bold magenta") for sentence in report.review)
    notices.extend((f"NOTE: {note}", "cyan") for note in report.notes)
    notices.extend((f"FLAG: {flag}", "bold magenta") for flag in report.flags)
    return notices


def _check(check: CheckResult) -> Group:
    line = Text("  ")
    line.append(
        wording.WORDS[check.verdict].ljust(_WORD_WIDTH), _STYLES[wording.TONES[check.verdict]]
    )
    line.append(f"  {wording.check_score(check, '/', '-')}".ljust(10))
    line.append(clean(check.title, 120))
    evidence = read_evidence(check)
    if check.verdict is Verdict.CORRECT:
        optimum = wording.optimum_sentence(evidence.above_optimum)
        return Group(line, _indented(optimum)) if optimum else Group(line)
    return Group(line, *(_indented(text) for text in _remarks(check, evidence)))


def _remarks(check: CheckResult, evidence: ShownEvidence) -> list[str]:
    named = (
        ("called", evidence.call),
        ("expected", evidence.expected),
        ("got", evidence.got),
        ("worst", evidence.worst),
        ("raised in line", evidence.line),
    )
    remarks = [
        check.message,
        check.misconception.sentence if check.misconception else None,
        wording.alone_sentence(check, evidence.depends_on),
    ]
    remarks += [f"{name}: {value}" for name, value in named if value is not None]
    return [remark for remark in remarks if remark]


def _indented(text: str) -> Padding:
    return Padding(Text(clean(text, 1600, 24)), (0, 0, 0, _WORD_WIDTH + 4))


def _text(text: str, limit: int, style: str = "") -> Text:
    return Text(clean(text, limit), style)
