"""What `batch` says in the terminal: what came of a class, and who moves if it is regraded."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.course.class_record import ClassRecord
from autograder.course.policy import FinalMark, Status
from autograder.course.regrade import Regrade


def print_class(
    record: ClassRecord,
    marks: Sequence[FinalMark],
    out: Path,
    notes: Sequence[str],
    console: Console,
) -> None:
    """Print how many were marked, what came of the checks, who needs review, where the marks are.

    `notes` say what was left out.
    """
    reports = [outcome.report for outcome in record.outcomes if outcome.report is not None]
    verdicts = Counter(check.verdict.value for report in reports for check in report.checks)
    told = ", ".join(f"{count:,} {name}" for name, count in verdicts.most_common())
    hand_ins = "hand-in" if len(reports) == 1 else "hand-ins"
    console.print(
        f"{len(reports):,} {hand_ins} marked ({record.source}); checks: {told or 'none'}."
    )
    waiting = [mark for mark in marks if mark.status is Status.NEEDS_REVIEW]
    if waiting:
        table = Table(title="Needs review", title_justify="left")
        table.add_column("Student")
        table.add_column("Why")
        for mark in waiting:
            table.add_row(Text(mark.member), Text(mark.reason))
        console.print(table)
        console.print(
            "They have no score until staff settle it: by a mark by hand for each check at stake "
            '(review_checks in report.json), or by the id in `reviewed = ["..."]` in course.toml, '
            "where the score stands as computed.",
            soft_wrap=True,
        )
    if record.missing:
        console.print(f"{len(record.missing):,} students handed in nothing.")
    for note in notes:
        console.print(Text(note), soft_wrap=True)
    console.print(Text(f"The class: {out / 'class.html'}"), soft_wrap=True)


def print_regrade(found: Regrade, applied: bool, console: Console) -> None:
    """Who moves, by how much, on which check."""
    if found.moves:
        table = Table(title="Who moves", title_justify="left")
        for title in ("Student", "Check", "Before", "After", "Points", "Total"):
            table.add_column(title, justify="left" if title in ("Student", "Check") else "right")
        shown = ""
        for move in found.moves:
            before, after = found.totals[move.student]
            table.add_row(
                Text(move.student if move.student != shown else ""),
                move.check,
                f"{move.before.points:g} {move.before.verdict}",
                f"{move.after.points:g} {move.after.verdict}",
                f"{move.points:+g}",
                f"{before:g} → {after:g}" if move.student != shown else "",
            )
            shown = move.student
        console.print(table)
    moving = sum(before != after for before, after in found.totals.values())
    console.print(
        f"{found.compared:,} compared: the marks of {moving:,} move; {len(found.reworded):,} read "
        f"other words for the same points; {len(found.new):,} had no complete marks before."
    )
    if not applied:
        console.print("Nothing was written. Run with --regrade --apply to write it.")
