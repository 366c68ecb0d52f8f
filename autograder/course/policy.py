"""Apply the policy of a course: deadlines, extensions, excuses, manual scores.

`apply_policy` returns one `FinalScore` per member of the class, with every step: automatic points,
manual points, bonus, penalty, total. A student without a total is excused, has submitted nothing,
or needs review; the status says which.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.course_file import LatePolicy, Policy, PolicyError, load_policy
from autograder.course.lateness import lateness
from autograder.course.manual_scores import AUTOMATIC, ManualScore, ManualScores
from autograder.course.roster import BadRoster, join_roster
from autograder.course.unknown_names import refuse_unknown_checks, refuse_unknown_students
from autograder.engine.record import CappedSlip, CheckResult, Report, Verdict
from autograder.engine.slips import cap_again

__all__ = [
    "FinalScore",
    "LatePolicy",
    "Policy",
    "PolicyError",
    "Status",
    "apply_manual_scores",
    "apply_policy",
    "load_policy",
    "shared_manual",
    "with_final_points",
]


class Status(StrEnum):
    """The state of a final score."""

    FINAL = "final"
    AWAITING_MARKING = "awaiting marking"  # written answers are not graded yet
    NEEDS_REVIEW = "needs review"  # no total before staff review
    MISSING = "missing"  # nothing was submitted
    EXCUSED = "excused"


@dataclass(frozen=True)
class FinalScore:
    """Holds the score of one student, in points.

    `raw` is the sum of `automatic` (with manual scores of automatic checks), `written` and `bonus`.
    `total` is `raw` less `penalty`, None without a score. `submission` is the id that the work is
    graded under, "" without any. `awaiting` are the points of written answers not graded yet.
    `reason` is a sentence on lateness, or on why there is no total. `manual` are the manual scores
    by check; `lms` are the columns of the course site. `slips` are those that `automatic` counts.
    `in_roster` is False if there is a roster, and the student is not in it.
    """

    member: str
    submission: str
    status: Status
    automatic: float = 0.0
    written: float = 0.0
    bonus: float = 0.0
    awaiting: float = 0.0
    maximum: float = 0.0
    days_late: int = 0
    penalty_percent: float = 0.0
    penalty: float = 0.0
    total: float | None = None
    reason: str = ""
    manual: Mapping[str, ManualScore] = field(default_factory=dict)
    lms: Mapping[str, str] = field(default_factory=dict)
    slips: tuple[CappedSlip, ...] = ()
    in_roster: bool = True

    @property
    def raw(self) -> float:
        """Return the points before the penalty."""
        return round(self.automatic + self.written + self.bonus, 4)


def apply_policy(
    record: ClassRecord, policy: Policy, manual: ManualScores
) -> tuple[FinalScore, ...]:
    """Return one score per member of the class, ordered by id.

    Raises:
        PolicyError: a name or a check is unknown, a manual score is above its maximum, or a row of
            the roster fits two students.
    """
    try:
        joined = join_roster(record, policy.roster)
    except BadRoster as problem:
        raise PolicyError(str(problem)) from problem
    members = joined.members
    submissions: dict[str, list[Outcome]] = {member: [] for member in members}
    for outcome in record.outcomes:
        for member in outcome.entry.members:
            submissions[member].append(outcome)
    groups = {outcome.entry.student for outcome in record.outcomes}
    refuse_unknown_students(policy, manual, {*members, *groups})
    refuse_unknown_checks(record, manual)
    by_name: dict[str, dict[str, ManualScore]] = {}
    for (name, check), score in manual.items():
        by_name.setdefault(name, {})[check] = score
    scores = (
        _final_score(member, submissions[member], policy, by_name, lms)
        for member, lms in members.items()
    )
    if policy.roster is None:
        return tuple(scores)
    return tuple(replace(score, in_roster=score.member in joined.listed) for score in scores)


def apply_manual_scores(record: ClassRecord, scores: Sequence[FinalScore]) -> ClassRecord:
    """Return the record with the manual scores in its reports, as the pages show them.

    A group's report has only the scores that all members share: `with_final_points` adds those of
    one member. Finished reviews are removed.
    """
    by_member = {score.member: score for score in scores}

    def applied(outcome: Outcome) -> Outcome:
        if outcome.report is None or not outcome.entry.members:
            return outcome
        own = [by_member[member] for member in outcome.entry.members]
        report = with_manual_scores(outcome.report, shared_manual(own))
        if all(score.status is not Status.NEEDS_REVIEW for score in own):
            report = replace(report, review=(), review_checks=())
        return replace(outcome, report=report)

    return replace(record, outcomes=tuple(applied(outcome) for outcome in record.outcomes))


def shared_manual(scores: Sequence[FinalScore]) -> Mapping[str, ManualScore]:
    """Return the manual scores that all members have, with equal points and comments."""
    first, *others = scores
    return {
        check: manual
        for check, manual in first.manual.items()
        if all(_is_same(manual, score.manual.get(check)) for score in others)
    }


def _is_same(manual: ManualScore, other: ManualScore | None) -> bool:
    return other is not None and (manual.points, manual.comment) == (other.points, other.comment)


def with_final_points(report: Report, score: FinalScore) -> Report:
    """Return the report of `apply_manual_scores` as the page of one member shows it."""
    report = with_manual_scores(report, score.manual)
    if score.status is Status.NEEDS_REVIEW:
        return report
    return replace(report, review=(), review_checks=())


def with_manual_scores(report: Report, scores: Mapping[str, ManualScore]) -> Report:
    """Return the report with manual points and comments in its checks."""
    checks = tuple(
        _with_manual_score(check, scores[check.id]) if check.id in scores else check
        for check in report.checks
    )
    return replace(report, checks=checks, slips=tuple(cap_again(report.slips, checks)))


def _with_manual_score(check: CheckResult, score: ManualScore) -> CheckResult:
    verdict = (
        Verdict.CORRECT
        if score.points >= check.max_points
        else Verdict.PARTIAL
        if score.points > 0
        else Verdict.WRONG
    )
    message = f"Graded by staff: {score.comment}" if score.comment else "Graded by staff."
    return replace(
        check,
        verdict=verdict,
        points=score.points,
        points_alone=score.points,
        message=message,
        misconception=None,
        explained_by=(),
    )


def _final_score(
    member: str,
    outcomes: Sequence[Outcome],
    policy: Policy,
    manual: Mapping[str, Mapping[str, ManualScore]],
    lms: Mapping[str, str],
) -> FinalScore:
    submission = outcomes[0].entry.student if outcomes else ""
    own_scores = {
        **manual.get(submission, {}),
        **manual.get(member, {}),
    }  # a student's own before the group's

    def without_total(status: Status, reason: str) -> FinalScore:
        return FinalScore(member, submission, status, reason=reason, manual=own_scores, lms=lms)

    if policy.excused & {member, submission}:
        return without_total(Status.EXCUSED, "Excused.")
    if not outcomes:
        if own_scores:
            reason = "There are manual scores, but no submission. Add the submission."
            return without_total(Status.NEEDS_REVIEW, reason)
        return without_total(Status.MISSING, "Nothing was submitted.")
    if len(outcomes) > 1:
        names = " and ".join(outcome.entry.student for outcome in outcomes)
        return without_total(Status.NEEDS_REVIEW, f"Is in more than one submission: {names}.")
    (outcome,) = outcomes
    if outcome.report is None:
        reason = outcome.problem or "The submission could not be graded."
        score = without_total(Status.NEEDS_REVIEW, reason)
        return _manual_only(score) if policy.reviewed & {member, submission} else score
    return _graded(member, outcome, outcome.report, policy, own_scores, lms)


def _manual_only(score: FinalScore) -> FinalScore:
    """Return the final score of an unreadable submission that staff have reviewed."""
    points = round(sum(own_scores.points for own_scores in score.manual.values()), 4)
    reason = f"Reviewed by staff. {score.reason}"
    return replace(score, status=Status.FINAL, automatic=points, total=points, reason=reason)


def _graded(
    member: str,
    outcome: Outcome,
    report: Report,
    policy: Policy,
    own_scores: Mapping[str, ManualScore],
    lms: Mapping[str, str],
) -> FinalScore:
    by_question = {
        name.removeprefix(AUTOMATIC) for name in own_scores if name.startswith(AUTOMATIC)
    }
    automatic = sum(own_scores[AUTOMATIC + question].points for question in by_question)
    written = awaiting = 0.0
    faults = []
    for check in report.checks:
        by_person = check.source == "person"
        if check.question in by_question and not by_person:
            continue
        points = own_scores[check.id].points if check.id in own_scores else check.points
        if check.id not in own_scores and check.verdict is Verdict.AWAITING_MARKING:
            awaiting += check.max_points
        if check.id not in own_scores and check.verdict.needs_staff:
            faults.append(check.id)
        written += points if by_person else 0.0
        automatic += 0.0 if by_person else points
    slips = cap_again(report.slips, with_manual_scores(report, own_scores).checks)
    counted = tuple(slip for slip in slips if slip.question not in by_question)
    automatic += sum(slip.returned for slip in counted)
    reviewed = bool(policy.reviewed & {member, outcome.entry.student})
    late = lateness(outcome.entry, member, lms, policy, reviewed)
    percent = policy.late.percent(late.days or 0)
    raw = round(automatic + written + report.bonus, 4)
    penalty = min(round(raw * percent / 100, 4), raw)
    review = (
        "" if reviewed or _all_manual(report, by_question, own_scores) else " ".join(report.review)
    )
    unknown = late.sentence if late.days is None else ""
    problem_of_grader = _open_problem(outcome, report, faults)
    conflict = "" if reviewed else outcome.entry.conflict
    problem = " ".join(part for part in (problem_of_grader, conflict, review, unknown) if part)
    return FinalScore(
        member=member,
        submission=outcome.entry.student,
        status=Status.NEEDS_REVIEW
        if problem
        else Status.AWAITING_MARKING
        if awaiting
        else Status.FINAL,
        automatic=round(automatic, 4),
        written=round(written, 4),
        bonus=report.bonus,
        awaiting=round(awaiting, 4),
        maximum=round(sum(check.max_points for check in report.checks), 4),
        days_late=late.days or 0,
        penalty_percent=percent,
        penalty=penalty,
        total=None if problem else round(raw - penalty, 4),
        reason=problem or late.sentence,
        manual=own_scores,
        lms=lms,
        slips=counted,
    )


def _all_manual(
    report: Report, by_question: Collection[str], own_scores: Mapping[str, ManualScore]
) -> bool:
    """Return whether every check under review has a manual score, itself or by question."""
    questions = {check.id: check.question for check in report.automatic}
    return bool(report.review_checks) and all(
        name in own_scores or questions.get(name) in by_question for name in report.review_checks
    )


def _open_problem(outcome: Outcome, report: Report, faults: Sequence[str]) -> str:
    """Return why there is no total yet; a manual score replaces a grader fault."""
    if faults:
        return outcome.problem or f"The grader failed on {', '.join(faults)}."
    if outcome.problem and not report.needs_staff:
        return outcome.problem
    return ""
