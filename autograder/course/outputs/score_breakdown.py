"""Explain a final score to the student: the steps from points to total."""

from autograder.course.policy import FinalScore, Status
from autograder.report import wording
from quantlab.protocol.sanitize_text import clean

LONGEST_COMMENT = 600


def closing_rows(score: FinalScore) -> list[tuple[str, str]]:
    """Return the rows below the automatic points on a student's page, (label, value)."""
    rows = [
        (f"Graded by staff, {name}", wording.number(manual.points))
        for name, manual in sorted(score.manual.items())
        if name.startswith("auto-")
    ]
    if score.written:
        rows.append(("Written answers", wording.number(score.written)))
    if score.days_late:
        rows.append((f"Late ({score.reason.rstrip('.')})", f"−{wording.number(score.penalty)}"))
    rows.append(("Score", score_text(score)))
    return rows


def score_text(score: FinalScore) -> str:
    """Return the score in a few words: "118.5", "99 so far, 19 not graded yet", "excused"."""
    if score.total is None:
        return {Status.EXCUSED: "excused", Status.MISSING: "nothing submitted"}.get(
            score.status, "not decided yet"
        )
    total = wording.number(score.total)
    if score.status is Status.AWAITING_MARKING:
        return f"{total} so far, {wording.number(score.awaiting)} not graded yet"
    return total


def feedback_lines(score: FinalScore) -> list[str]:
    """Return the same as lines of a comment, with the comments of staff."""
    if score.total is None:
        return [f"{score_text(score).capitalize()}."]
    lines = [
        f"{wording.number(score.total)} of {wording.number(score.maximum)} points"
        + (" so far." if score.status is Status.AWAITING_MARKING else "."),
        f"Automatic {wording.number(score.automatic)}, written {wording.number(score.written)}, "
        f"bonus {wording.number(score.bonus)}: {wording.number(score.raw)}.",
    ]
    lines += [wording.slip_sentence(slip) for slip in score.slips]
    if score.days_late:
        lines.append(f"{score.reason} −{wording.number(score.penalty)} points.")
    if score.awaiting:
        lines.append(f"{wording.number(score.awaiting)} points are not graded yet.")
    lines += [
        (
            f"{check}: {wording.points(manual.points)}. {clean(manual.comment, LONGEST_COMMENT)}"
        ).rstrip()
        for check, manual in sorted(score.manual.items())
    ]
    return lines
