"""Choose who gets feedback, and render it: the page of the student.

A page contains repairs, lateness, manual comments and the steps to the score. Hidden inputs are in
no page. Students without a published score get no page, unless staff ask for unfinished ones.
"""

import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from autograder.course.class_record import Outcome
from autograder.course.graded_class import GradedClass
from autograder.course.outputs.published_points import published_points
from autograder.course.outputs.score_breakdown import closing_rows
from autograder.course.policy import FinalScore, Status, shared_manual, with_final_points
from autograder.platforms.feedback_names import (
    PAGE,
    Content,
    FeedbackFile,
    FeedbackSite,
    Recipient,
    Unreachable,
)
from autograder.report import gradescope, html

_REASONS = {
    Status.NEEDS_REVIEW: "needs review",
    Status.AWAITING_MARKING: "written answers are not graded yet",
    Status.MISSING: "submitted nothing",
    Status.EXCUSED: "excused",
}
_MOST_NAMES = 20  # listed for one reason


@dataclass(frozen=True)
class LeftOut:
    """Holds a student without a page. `is_open` says that staff still have to do something."""

    member: str
    reason: str
    is_open: bool = True


@dataclass(frozen=True)
class Feedback:
    """Holds the files to write, ordered by name, and who is left out.

    `render` returns the content of a file. `covered` are the members of groups whose site gives
    them the page of another member.
    """

    files: tuple[FeedbackFile, ...]
    tables: dict[str, str]
    left_out: tuple[LeftOut, ...]
    render: Callable[[FeedbackFile], bytes]
    covered: tuple[str, ...] = ()

    @property
    def recipients(self) -> int:
        """Return how many students get a page."""
        return len({file.recipient.member for file in self.files}) + len(self.covered)


def plan_feedback(graded: GradedClass, site: FeedbackSite, unfinished: bool = False) -> Feedback:
    """Return which files reach whom. `unfinished` includes everyone who has a report."""
    outcomes = _outcomes(graded)
    scores = {score.member: score for score in graded.scores}
    left_out: list[LeftOut] = []
    recipients: list[Recipient] = []
    for member, score in scores.items():
        reason = _why_not(score, outcomes.get(member, []), graded, unfinished)
        if reason is None:
            recipients.append(Recipient(member, outcomes[member][0].entry, score.lms))
        else:
            left_out.append(reason)
    recipients, page_of = _without_covered(recipients, site, scores, left_out)
    files = _distinct(_place(recipients, site, left_out), left_out)
    reached = {file.recipient.member for file in files}
    return Feedback(
        files=tuple(sorted(files, key=lambda file: file.name)),
        tables=site.tables(files, graded.policy.title),
        left_out=tuple(sorted(left_out, key=lambda left: left.member)),
        render=lambda file: _render(file, outcomes[file.recipient.member][0], scores),
        covered=tuple(member for member, first in page_of.items() if first in reached),
    )


def sentences(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """Yield a sentence per reason: how many students get no page, why, and their ids."""
    for reason, count in sorted(Counter(left.reason for left in left_out).items()):
        names = [left.member for left in left_out if left.reason == reason]
        more = f" and {count - _MOST_NAMES} more" if count > _MOST_NAMES else ""
        students = "1 student" if count == 1 else f"{count:,} students"
        listed = ", ".join(names[:_MOST_NAMES])
        yield f"{students} left out, {reason}: {listed}{more}."


def _outcomes(graded: GradedClass) -> dict[str, list[Outcome]]:
    outcomes: dict[str, list[Outcome]] = {}
    for outcome in graded.record.outcomes:
        for member in outcome.entry.members:
            outcomes.setdefault(member, []).append(outcome)
    return outcomes


def _why_not(
    score: FinalScore, outcomes: Sequence[Outcome], graded: GradedClass, unfinished: bool
) -> LeftOut | None:
    """Return why a student gets no page; None for a page."""
    if not outcomes:
        return LeftOut(score.member, _REASONS[Status.MISSING], is_open=False)
    if len(outcomes) > 1:
        return LeftOut(score.member, "in more than one submission")
    if outcomes[0].report is None:
        return LeftOut(score.member, "the submission could not be graded")
    if unfinished or published_points(score, graded.policy) is not None:
        return None
    return LeftOut(score.member, _REASONS[score.status], is_open=score.status != Status.EXCUSED)


def _without_covered(
    recipients: Sequence[Recipient],
    site: FeedbackSite,
    scores: dict[str, FinalScore],
    left_out: list[LeftOut],
) -> tuple[list[Recipient], dict[str, str]]:
    """Return one recipient per group whose site gives all members the same feedback.

    Also return {other member: the member whose page reaches them}. If their pages differ, all of
    them are left out.
    """
    groups: dict[str, list[Recipient]] = {}
    for recipient in recipients:
        shared = recipient.entry.shared_feedback and not site.is_personal
        groups.setdefault(recipient.entry.student if shared else recipient.member, []).append(
            recipient
        )
    kept: list[Recipient] = []
    page_of: dict[str, str] = {}
    for group in groups.values():
        first = group[0]
        shared = first.entry.shared_feedback and not site.is_personal
        if shared and (difference := _difference(group, scores)):
            reason = f"the site gives a group one page, and {difference}: use --to mail"
            left_out += [LeftOut(recipient.member, reason) for recipient in group]
            continue
        kept.append(first)
        page_of |= {recipient.member: first.member for recipient in group[1:]}
    return kept, page_of


def _difference(group: Sequence[Recipient], scores: dict[str, FinalScore]) -> str:
    """Return why the members of a submission can't share a page, "" if they can."""
    entry, own = group[0].entry, [scores[recipient.member] for recipient in group]
    if entry.split_group:
        return "its members submitted different files"
    rows = {tuple(closing_rows(score)) for score in own}
    shared = len(shared_manual(own))
    if (
        len(rows) > 1
        or len(group) < len(entry.members)
        or any(len(score.manual) > shared for score in own)
    ):
        return "the scores or comments of its members differ"
    return ""


def _place(
    recipients: Iterable[Recipient], site: FeedbackSite, left_out: list[LeftOut]
) -> list[FeedbackFile]:
    files: list[FeedbackFile] = []
    for recipient in recipients:
        try:
            files += site.place(recipient)
        except Unreachable as problem:
            left_out.append(LeftOut(recipient.member, str(problem)))
    return files


def _distinct(files: Sequence[FeedbackFile], left_out: list[LeftOut]) -> list[FeedbackFile]:
    """Return the files whose name and target no other student has; the others are left out."""
    names = Counter(file.name.casefold() for file in files)
    owners: dict[str, set[str]] = {}
    for file in files:
        owners.setdefault(file.target, set()).add(file.recipient.member)
    refused: dict[str, LeftOut] = {}
    for file in files:
        member = file.recipient.member
        if len(owners[file.target]) > 1:
            reason = f"the site knows several students as {file.target}"
            refused[member] = LeftOut(member, reason)
        elif names[file.name.casefold()] > 1:
            refused[member] = LeftOut(member, f"several students have a file {file.name}")
    left_out += refused.values()
    return [file for file in files if file.recipient.member not in refused]


def _render(file: FeedbackFile, outcome: Outcome, scores: dict[str, FinalScore]) -> bytes:
    if outcome.report is None:
        raise ValueError(f"{file.recipient.member} has no report.")
    if file.content is Content.RESULTS:  # the site gives it to all members
        return gradescope.render(outcome.report).encode()
    score = scores[file.recipient.member]
    report = with_final_points(outcome.report, score)
    page = html.render(report, closing_rows(score)).encode()
    if file.content is Content.PAGE:
        return page
    stream = io.BytesIO()
    write_zip(stream, [(PAGE, page)])
    return stream.getvalue()


def write_zip(stream: BinaryIO, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip that depends only on the names and contents of its files."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in files:
            member = zipfile.ZipInfo(name)  # of 1980, so that a second run writes the same bytes
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o100600 << 16
            archive.writestr(member, content)
