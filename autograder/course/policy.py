"""From what was marked to what counts: deadlines, extensions, excuses, marks by hand.

`apply` gives every member of the class one `FinalMark`, with each step beside the next: what the
grader gave, what persons gave, the bonus, what was lost by being late, the total. Nothing is lost
silently: who has no total is excused, handed in nothing, or needs somebody; the mark says which.

It can fail with a `PolicyError`: a name that belongs to nobody, a mark by hand for a check that
does not exist or above what it is worth.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.course_file import LatePolicy, Policy, PolicyError, load_policy
from autograder.course.lateness import lateness
from autograder.course.manual import AUTOMATIC, ManualMark, ManualMarks
from autograder.course.roster import everybody
from autograder.engine.record import CheckResult, Report, Verdict

__all__ = [
    "FinalMark",
    "LatePolicy",
    "Policy",
    "PolicyError",
    "Status",
    "apply",
    "load_policy",
    "settled",
]


class Status(StrEnum):
    """How far a mark has come."""

    FINAL = "final"
    AWAITING_MARKING = "awaiting marking"  # a person's points are still to come
    NEEDS_REVIEW = "needs review"  # no total before staff have looked
    MISSING = "missing"  # nothing was handed in
    EXCUSED = "excused"


@dataclass(frozen=True)
class FinalMark:
    """What one person gets, in points.

    `raw` is `automatic` (after what a person decided of automatic checks), `written` and `bonus`
    together; `total` is `raw` without `penalty`, None where there is no mark. `handin` is the id
    that the work is marked under, "" without any. `awaiting` points are still a person's to give.
    `reason` is one sentence on lateness or on why there is no total. `manual` are the marks by hand
    that went in, by check.
    """

    member: str
    handin: str
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
    manual: Mapping[str, ManualMark] = field(default_factory=dict)
    lms: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> float:
        return round(self.automatic + self.written + self.bonus, 4)


def apply(record: ClassRecord, policy: Policy, manual: ManualMarks) -> tuple[FinalMark, ...]:
    """One mark per member of the class, in order of their ids. Raises `PolicyError`."""
    members = everybody(record, policy.roster)
    handed_in: dict[str, list[Outcome]] = {member: [] for member in members}
    for outcome in record.outcomes:
        for member in outcome.handin.members:
            handed_in[member].append(outcome)
    groups = {outcome.handin.student for outcome in record.outcomes}
    _refuse_strangers(policy, manual, {*members, *groups})
    _refuse_unknown_checks(record, manual)
    by_name: dict[str, dict[str, ManualMark]] = {}
    for (name, check), mark in manual.items():
        by_name.setdefault(name, {})[check] = mark
    return tuple(
        _mark(member, handed_in[member], policy, by_name, lms) for member, lms in members.items()
    )


def settled(record: ClassRecord, marks: Sequence[FinalMark]) -> ClassRecord:
    """The record with the points that persons gave in the reports: what the pages show.

    A group's report holds what its first member got. A review that is settled is not in it.
    """
    by_member = {mark.member: mark for mark in marks}
    outcomes = (
        replace(outcome, report=_settled(outcome.report, by_member[outcome.handin.members[0]]))
        if outcome.report and outcome.handin.members
        else outcome
        for outcome in record.outcomes
    )
    return replace(record, outcomes=tuple(outcomes))


def _settled(report: Report, mark: FinalMark) -> Report:
    report = with_manual(report, mark.manual)
    if mark.status is Status.NEEDS_REVIEW:
        return report
    return replace(report, review=(), review_checks=())


def with_manual(report: Report, marks: Mapping[str, ManualMark]) -> Report:
    """The report as it is after persons marked: their points and comments in their checks."""
    checks = (
        _decided(check, marks[check.id]) if check.id in marks else check for check in report.checks
    )
    return replace(report, checks=tuple(checks))


def _decided(check: CheckResult, mark: ManualMark) -> CheckResult:
    verdict = (
        Verdict.CORRECT
        if mark.points >= check.max_points
        else Verdict.PARTIAL
        if mark.points > 0
        else Verdict.WRONG
    )
    said = f"Marked by a person: {mark.comment}" if mark.comment else "Marked by a person."
    return replace(
        check,
        verdict=verdict,
        points=mark.points,
        points_alone=mark.points,
        message=said,
        misconception=None,
    )


def _mark(
    member: str,
    outcomes: Sequence[Outcome],
    policy: Policy,
    manual: Mapping[str, Mapping[str, ManualMark]],
    lms: Mapping[str, str],
) -> FinalMark:
    handin = outcomes[0].handin.student if outcomes else ""
    given = {**manual.get(handin, {}), **manual.get(member, {})}  # one's own before the group's

    def without_total(status: Status, reason: str) -> FinalMark:
        return FinalMark(member, handin, status, reason=reason, manual=given, lms=lms)

    if policy.excused & {member, handin}:
        return without_total(Status.EXCUSED, "Excused.")
    if not outcomes:
        if given:
            reason = "There are marks by hand, but nothing was handed in: add the submission."
            return without_total(Status.NEEDS_REVIEW, reason)
        return without_total(Status.MISSING, "Nothing was handed in.")
    if len(outcomes) > 1:
        names = " and ".join(outcome.handin.student for outcome in outcomes)
        return without_total(Status.NEEDS_REVIEW, f"Is in more than one submission: {names}.")
    (outcome,) = outcomes
    if outcome.report is None:
        reason = outcome.problem or "The submission could not be marked."
        mark = without_total(Status.NEEDS_REVIEW, reason)
        return _by_hand_alone(mark) if policy.reviewed & {member, handin} else mark
    return _marked(member, outcome, outcome.report, policy, given, lms)


def _by_hand_alone(mark: FinalMark) -> FinalMark:
    """Return the final mark of an unreadable submission that staff have reviewed."""
    points = round(sum(given.points for given in mark.manual.values()), 4)
    reason = f"Reviewed by staff. {mark.reason}"
    return replace(mark, status=Status.FINAL, automatic=points, total=points, reason=reason)


def _marked(
    member: str,
    outcome: Outcome,
    report: Report,
    policy: Policy,
    given: Mapping[str, ManualMark],
    lms: Mapping[str, str],
) -> FinalMark:
    whole = {name.removeprefix(AUTOMATIC) for name in given if name.startswith(AUTOMATIC)}
    automatic = sum(given[AUTOMATIC + question].points for question in whole)
    written = awaiting = 0.0
    faults = []
    for check in report.checks:
        by_person = check.source == "person"
        if check.question in whole and not by_person:
            continue
        points = given[check.id].points if check.id in given else check.points
        if check.id not in given and check.verdict is Verdict.AWAITING_MARKING:
            awaiting += check.max_points
        if check.id not in given and check.verdict.needs_staff:
            faults.append(check.id)
        written += points if by_person else 0.0
        automatic += 0.0 if by_person else points
    reviewed = bool(policy.reviewed & {member, outcome.handin.student})
    late = lateness(outcome.handin, member, lms, policy, reviewed)
    percent = policy.late.percent(late.days or 0)
    raw = round(automatic + written + report.bonus, 4)
    penalty = min(round(raw * percent / 100, 4), raw)
    review = "" if reviewed or _all_by_hand(report, whole, given) else " ".join(report.review)
    unknown = late.sentence if late.days is None else ""
    fault = _open_problem(outcome, report, faults)
    conflict = "" if reviewed else outcome.handin.conflict
    problem = " ".join(one for one in (fault, conflict, review, unknown) if one)
    return FinalMark(
        member=member,
        handin=outcome.handin.student,
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
        manual=given,
        lms=lms,
    )


def _all_by_hand(report: Report, whole: Collection[str], given: Mapping[str, ManualMark]) -> bool:
    """Return whether every check under review has a manual mark, by itself or with its question."""
    questions = {check.id: check.question for check in report.automatic}
    return bool(report.review_checks) and all(
        name in given or questions.get(name) in whole for name in report.review_checks
    )


def _open_problem(outcome: Outcome, report: Report, faults: Sequence[str]) -> str:
    """Why there is no total yet; a fault that a person marked by hand is settled."""
    if faults:
        return outcome.problem or f"The grader failed on {', '.join(faults)}."
    if outcome.problem and not report.needs_staff:
        return outcome.problem
    return ""


def _refuse_strangers(policy: Policy, manual: ManualMarks, known: Collection[str]) -> None:
    named = [(name, "course.toml grants an extension to") for name in policy.extensions]
    named += [(name, "course.toml states a submission time of") for name in policy.submitted]
    named += [(name, "course.toml excuses") for name in sorted(policy.excused)]
    named += [(name, "course.toml lists as reviewed") for name in sorted(policy.reviewed)]
    named += [
        (name, f"{mark.source or 'A mark by hand'} names") for (name, _), mark in manual.items()
    ]
    for name, what in named:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" Is {near[0]} meant?" if near else ""
            listed = (
                "List everybody in the roster"
                if policy.roster is not None
                else "If they have yet to hand in, name the class in a roster"
            )
            raise PolicyError(f"{what} {name}, but nobody is called so.{hint} {listed}.")


def _refuse_unknown_checks(record: ClassRecord, manual: ManualMarks) -> None:
    most: dict[str, float] = {}
    automatic: dict[str, CheckResult] = {}
    for outcome in record.outcomes:
        if outcome.report is not None:
            most |= {check.id: check.max_points for check in outcome.report.checks}
            automatic |= {check.id: check for check in outcome.report.automatic}
    for question in {check.question for check in automatic.values()}:
        own = (check.max_points for check in automatic.values() if check.question == question)
        most[AUTOMATIC + question] = round(sum(own), 4)
    for (student, check), mark in manual.items():
        where = mark.source or "A mark by hand"
        if check not in most:
            near = difflib.get_close_matches(check, most, 1)
            hint = f"is {near[0]} meant?" if near else "the rubric names the checks."
            raise PolicyError(f"{where}: there is no check {check}; {hint}")
        if not 0 <= mark.points <= most[check]:
            raise PolicyError(
                f"{where}: {student} has {mark.points:g} points for {check}, which is worth "
                f"{most[check]:g}."
            )
        whole = AUTOMATIC + automatic[check].question if check in automatic else ""
        if (student, whole) in manual:
            raise PolicyError(
                f"{where}: {student} has marks by hand for {check} and for {whole}, which holds "
                "it. Keep one of the two."
            )
