"""Render a submission that was graded again: before and after, check by check.

The page for the student contains what reports show to students. The page for staff adds reviews,
flags and replays, which contain hidden inputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.course.outputs.pages import render_page
from autograder.engine.record import CheckResult, Report
from autograder.report import wording


@dataclass(frozen=True)
class ComparedCheck:
    """Hold one check before and after; None on a side without a report."""

    before: CheckResult | None
    after: CheckResult

    @property
    def id(self) -> str:
        """Return the id of the check."""
        return self.after.id

    @property
    def title(self) -> str:
        """Return the title of the check."""
        return self.after.title

    @property
    def changed(self) -> bool:
        """Return whether points or verdict differ."""
        before, after = self.before, self.after
        return before is None or (before.points, before.verdict) != (after.points, after.verdict)

    @property
    def score_before(self) -> str:
        """Return the points before, "" if there are none."""
        return "" if self.before is None else wording.check_score(self.before, " / ", "–")

    @property
    def score_after(self) -> str:
        """Return the points after."""
        return wording.check_score(self.after, " / ", "–")


def render(before: Report | None, after: Report) -> str:
    """Return the page for the student, to be stored as UTF-8."""
    return _render(before, after, staff=False, review=(), replays={})


def render_for_staff(
    before: Report | None, after: Report, replays: Mapping[str, Sequence[str]]
) -> str:
    """Return the page for staff; `replays[check]` are the lines of its replay."""
    review = (*after.review, *(f"FLAG: {flag}" for flag in after.flags))
    return _render(before, after, staff=True, review=review, replays=replays)


def compare_checks(before: Report | None, after: Report) -> list[ComparedCheck]:
    """Return every check of `after` beside its earlier result."""
    earlier = {check.id: check for check in before.checks} if before else {}
    return [ComparedCheck(earlier.get(check.id), check) for check in after.checks]


def change_sentence(before: Report | None, after: Report) -> str:
    """Return the totals: "26 of 30 automatic points before, 30 of 30 automatic points after."."""
    first = wording.total_sentence(before) if before else "No score"
    return f"{first} before; {wording.total_sentence(after)} after."


def _render(
    before: Report | None,
    after: Report,
    *,
    staff: bool,
    review: Sequence[str],
    replays: Mapping[str, Sequence[str]],
) -> str:
    checks = compare_checks(before, after)
    values = {
        "student": after.student,
        "staff": staff,
        "summary": change_sentence(before, after),
        "words": wording.WORDS,
        "changed": [check for check in checks if check.changed],
        "same": [check for check in checks if not check.changed],
        "slips_before": wording.slip_sentences(before) if before else [],
        "slips_after": wording.slip_sentences(after),
        "review": review,
        "replays": replays,
    }
    return render_page("appeal.html.j2", values)
