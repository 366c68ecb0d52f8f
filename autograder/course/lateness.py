"""Compute how late a submission is, and what that costs, by the policy of the course.

The time of a submission is, in this order: what `[submitted]` of course.toml states, the time in
the export, the time in Moodle's grading worksheet (the roster). Without any of them the export's
own word "on time" counts. An unknown time that may cost points is settled by an extension, by a
staff review, or by `unknown_time = "on_time"`; until then the student has no total.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from autograder.course.course_file import ON_TIME, LatePolicy, Policy
from autograder.course.submission_times import UnknownTime, instants_of, submission_time
from autograder.platforms.export_entry import ExportEntry

DAY = timedelta(days=1)
WORKSHEET_TIME = "Last modified (submission)"  # Moodle's column
_NO_TIME = ("", "-")  # Moodle writes "-" for "never"


@dataclass(frozen=True)
class Lateness:
    """Holds the days begun after the deadline, None if unknown, and a sentence on them."""

    days: int | None
    sentence: str = ""


def lateness(
    entry: ExportEntry, member: str, lms: Mapping[str, str], policy: Policy, reviewed: bool = False
) -> Lateness:
    """Return how late a member's submission is.

    `lms` are the member's columns of the course site. `reviewed` is True if staff reviewed the
    submission and kept its score.
    """
    deadline = policy.deadline_of(member, entry.student)
    if deadline is None:
        return Lateness(0)
    try:
        submitted = policy.stated_time(member, entry.student) or _site_time(entry, lms, policy)
    except UnknownTime as problem:
        return _without_time(entry, str(problem), deadline, policy, reviewed)
    days = _days(submitted, deadline, policy.late, policy.timezone)
    return Lateness(days, _sentence(days, policy.late))


def _site_time(entry: ExportEntry, lms: Mapping[str, str], policy: Policy) -> datetime:
    for text in (entry.submitted, lms.get(WORKSHEET_TIME, "")):
        if text not in _NO_TIME:
            return submission_time(text, policy.timezone)
    if entry.late:
        raise UnknownTime("The export says that it is late, but not when.")
    if WORKSHEET_TIME in lms:
        raise UnknownTime("The grading worksheet contains no time of the submission.")
    if "Identifier" in lms or "Full name" in lms:
        raise UnknownTime(
            "Moodle exports no submission times: name the grading worksheet as roster in "
            "course.toml."
        )
    raise UnknownTime("The export contains no time of the submission.")


def _without_time(
    entry: ExportEntry, problem: str, deadline: datetime, policy: Policy, reviewed: bool
) -> Lateness:
    most = policy.late.most_percent
    if not most:
        return Lateness(0, "Late by an unknown time." if entry.late else "")
    if entry.late is False:
        return Lateness(0)
    if policy.deadline is not None and deadline > policy.deadline:
        return Lateness(0, f"{problem} On time by the extension.")
    if reviewed:
        return Lateness(0, f"{problem} On time by staff review.")
    if policy.unknown_time == ON_TIME:
        return Lateness(0, f"{problem} On time by unknown_time in course.toml.")
    return Lateness(
        None,
        f"{problem} Up to {most:g} % of the score are at stake. Grant an extension, enter the time "
        "in [submitted] or the student in reviewed, all in course.toml.",
    )


def _days(submitted: datetime, deadline: datetime, late: LatePolicy, zone: ZoneInfo | None) -> int:
    """Return the days begun; a day ends when the clock shows the deadline's time, or later."""
    after = submitted.astimezone(UTC) - deadline.astimezone(UTC)
    if after <= timedelta(minutes=late.grace_minutes):
        return 0
    days = math.ceil(after / DAY)
    in_time = days > 1 and zone and submitted.astimezone(UTC) <= _day_end(deadline, days - 1, zone)
    return days - 1 if in_time else days


def _day_end(deadline: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the end of a day after the deadline: a day may have 25 hours by the clock."""
    clock = deadline.astimezone(zone).replace(tzinfo=None)
    return max(instants_of(clock + days * DAY, zone))


def _sentence(days: int, late: LatePolicy) -> str:
    if not days:
        return ""
    percent = late.percent(days)
    said = "1 day late" if days == 1 else f"{days} days late"
    if late.max_days is not None and days > late.max_days:
        return f"{said}, more than the {late.max_days} that are accepted."
    return f"{said}: {percent:g} % are taken off." if percent else f"{said}."
