"""Print the results of a class, or whose scores a regrade changes, in the terminal."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.course.class_record import ClassRecord
from autograder.course.policy import FinalScore, Status
from autograder.course.score_changes import Regrade


def print_class(
    record: ClassRecord,
    scores: Sequence[FinalScore],
    out: Path,
    notes: Sequence[str],
    console: Console,
) -> None:
    """Print the counts of submissions and verdicts, who needs review, and where the page is.

    `notes` are sentences on what was left out.
    """
    reports = [outcome.report for outcome in record.outcomes if outcome.report is not None]
    verdicts = Counter(check.verdict.value for report in reports for check in report.checks)
    counts = ", ".join(f"{count:,} {name}" for name, count in verdicts.most_common())
    submissions = "submission" if len(reports) == 1 else "submissions"
    console.print(
        f"{len(reports):,} {submissions} graded ({record.source}); checks: {counts or 'none'}."
    )
    waiting = [score for score in scores if score.status is Status.NEEDS_REVIEW]
    if waiting:
        table = Table(title="Needs review", title_justify="left")
        table.add_column("Student")
        table.add_column("Why")
        for score in waiting:
            table.add_row(Text(score.member), Text(score.reason))
        console.print(table)
        console.print(
            "They have no score until staff review them. Enter a manual score for each check at "
            'stake (review_checks in report.json), or the id in `reviewed = ["..."]` of '
            "course.toml to keep the computed score.",
            soft_wrap=True,
        )
    for note in notes:
        console.print(Text(note), soft_wrap=True)
    console.print(Text(f"The class: {out / 'class.html'}"), soft_wrap=True)


def print_regrade(regrade: Regrade, applied: bool, console: Console) -> None:
    """Print whose scores change, by how much, on which check."""
    changed = {change.student for change in regrade.changes}
    if regrade.totals:
        table = Table(title="Changed scores", title_justify="left")
        for title in ("Student", "Check", "Before", "After", "Points", "Total"):
            table.add_column(title, justify="left" if title in ("Student", "Check") else "right")
        shown = ""
        for change in regrade.changes:
            before, after = regrade.totals[change.student]
            table.add_row(
                Text(change.student if change.student != shown else ""),
                change.check,
                f"{change.before.points:g} {change.before.verdict}",
                f"{change.after.points:g} {change.after.verdict}",
                f"{change.points:+g}",
                f"{before:g} → {after:g}" if change.student != shown else "",
            )
            shown = change.student
        for student, (before, after) in regrade.totals.items():
            if student not in changed:
                total = f"{before:g} → {after:g}"
                table.add_row(
                    Text(student), "bonus or slips", "", "", f"{after - before:+g}", total
                )
        console.print(table)
    moving = sum(before != after for before, after in regrade.totals.values())
    console.print(
        f"{regrade.compared:,} compared: the scores of {moving:,} change; "
        f"{len(regrade.reworded):,} have other messages for the same points; "
        f"{len(regrade.new):,} had no complete scores before."
    )
    if not applied:
        console.print("Nothing was written. Run with --regrade --apply to write the new scores.")
