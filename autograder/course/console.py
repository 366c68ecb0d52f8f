"""Print the results of a class, or whose scores a regrade changes, in the terminal."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.course.class_record import ClassRecord
from autograder.course.policy import FinalScore
from autograder.course.review_groups import ReviewGroup, group_reviews
from autograder.course.score_changes import Regrade, ScoreChange
from autograder.report.wording import WORDS, verdict_counts

MOST_REASONS = 20
MOST_NAMES = 5
CHECK_COLUMN = 30  # characters, so that the columns of several students agree
ROUNDING = 1e-4  # points; smaller differences of sums are rounding


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
    counts = verdict_counts(verdicts)
    submissions = "submission" if len(reports) == 1 else "submissions"
    console.print(
        f"{len(reports):,} {submissions} graded ({record.source}); checks: {counts or 'none'}."
    )
    groups = group_reviews(scores)
    if groups:
        _print_reviews(groups, console)
    for note in notes:
        console.print(Text(note), soft_wrap=True)
    console.print(Text(f"The class: {out / 'class.html'}"), soft_wrap=True)


def print_regrade(regrade: Regrade, applied: bool, console: Console) -> None:
    """Print whose scores change, by how much, on which check."""
    by_student: dict[str, list[ScoreChange]] = {student: [] for student in regrade.totals}
    for change in regrade.changes:
        by_student[change.student].append(change)
    if by_student:
        console.print("Changed scores", style="bold")
    for student, changes in by_student.items():
        before, after = regrade.totals[student]
        console.print(Text(f"{student}: {before:g} → {after:g} ({_signed(after - before)})"))
        rest = after - before - sum(change.points for change in changes)
        console.print(Padding(_changes(changes, rest), (0, 0, 0, 2)))
    submissions = "submission" if regrade.compared == 1 else "submissions"
    moving = sum(before != after for before, after in regrade.totals.values())
    console.print(
        f"{regrade.compared:,} {submissions} compared: {moving:,} with another score, "
        f"{len(regrade.reworded):,} with another message only, {len(regrade.new):,} without a "
        "complete score before."
    )
    if not applied:
        console.print("Nothing was written. Run with --regrade --apply to write the new scores.")


def _print_reviews(groups: Sequence[ReviewGroup], console: Console) -> None:
    """Print each reason once, with the students that it concerns."""
    count = sum(len(group.scores) for group in groups)
    console.print(f"Needs review: {count:,} {'student' if count == 1 else 'students'}")
    for group in groups[:MOST_REASONS]:
        names = ", ".join(score.member for score in group.scores[:MOST_NAMES])
        more = len(group.scores) - MOST_NAMES
        names += f" and {more:,} more" if more > 0 else ""
        console.print(Padding(Text(names, style="bold"), (0, 0, 0, 2)))
        console.print(Padding(Text(group.reason), (0, 0, 0, 4)))
    if len(groups) > MOST_REASONS:
        others = groups[MOST_REASONS:]
        count = sum(len(group.scores) for group in others)
        console.print(f"  {count:,} more, for {len(others):,} other reasons: see class.html.")
    console.print(
        "They have no score until staff review them. Enter a manual score for each check at "
        "stake, or add the id to `reviewed` in course.toml. An unreadable submission needs both. "
        "Then run batch again.",
        soft_wrap=True,
    )


def _changes(changes: Sequence[ScoreChange], rest: float) -> Table:
    """Return one row per check, and one for the points of bonus and slips."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=CHECK_COLUMN)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for change in changes:
        words = WORDS[change.before.verdict], WORDS[change.after.verdict]
        verdicts = words[0] if words[0] == words[1] else f"{words[0]} → {words[1].lower()}"
        points = f"{change.before.points:g} → {change.after.points:g}"
        table.add_row(Text(change.check), points, verdicts)
    if abs(rest) > ROUNDING:
        table.add_row("Bonus and slips", _signed(rest), "")
    return table


def _signed(points: float) -> str:
    return f"{round(points, 4):+g}"
