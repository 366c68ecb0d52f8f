"""What is said to a student beside the number: the way from points to the mark, in a few lines.

Pure functions of a `FinalMark` that cannot fail.
"""

from autograder.course.policy import FinalMark, Status
from autograder.report import wording
from quantlab.protocol.sanitize_text import clean

LONGEST_COMMENT = 600


def closing_rows(mark: FinalMark) -> list[tuple[str, str]]:
    """What stands below the sum of the automatic points on a student's page."""
    rows = [
        (f"Marked by a person, {name}", wording.number(given.points))
        for name, given in sorted(mark.manual.items())
        if name.startswith("auto-")
    ]
    if mark.written:
        rows.append(("Written answers", wording.number(mark.written)))
    if mark.days_late:
        rows.append((f"Late ({mark.reason.rstrip('.')})", f"−{wording.number(mark.penalty)}"))
    rows.append(("Mark", mark_text(mark)))
    return rows


def mark_text(mark: FinalMark) -> str:
    """The mark in a few words: "118.5", "99 so far, 19 awaiting a person", "excused"."""
    if mark.total is None:
        return {Status.EXCUSED: "excused", Status.MISSING: "nothing handed in"}.get(
            mark.status, "not decided yet"
        )
    total = wording.number(mark.total)
    if mark.status is Status.AWAITING_MARKING:
        return f"{total} so far, {wording.number(mark.awaiting)} awaiting a person"
    return total


def feedback_lines(mark: FinalMark) -> list[str]:
    """The same for a comment field, with what persons wrote."""
    if mark.total is None:
        return [f"{mark_text(mark).capitalize()}."]
    lines = [
        f"{wording.number(mark.total)} of {wording.number(mark.maximum)} points"
        + (" so far." if mark.status is Status.AWAITING_MARKING else "."),
        f"Automatic {wording.number(mark.automatic)}, written {wording.number(mark.written)}, "
        f"bonus {wording.number(mark.bonus)}: {wording.number(mark.raw)}.",
    ]
    if mark.days_late:
        lines.append(f"{mark.reason} −{wording.number(mark.penalty)} points.")
    if mark.awaiting:
        lines.append(f"{wording.number(mark.awaiting)} points are still a person's to give.")
    lines += [
        f"{check}: {wording.points(given.points)}. {clean(given.comment, LONGEST_COMMENT)}".rstrip()
        for check, given in sorted(mark.manual.items())
    ]
    return lines
