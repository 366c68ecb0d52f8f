"""Read `course.toml`, the policy of a course.

    title = "Quantization, autumn term"      # all keys are optional
    deadline = 2026-10-30T23:59:00+01:00     # with its offset from UTC
    roster = "roster.csv"                    # the students; see autograder/course/roster.py
    excused = ["grace"]                      # no score, and no zero either
    reviewed = ["bob"]                       # staff reviewed: keep the computed score
    publish_unfinished = false               # true: export with written answers not graded yet
    allow_lower = ["ada"]                    # scores on the site that may become lower
    timezone = "Europe/Zurich"               # of the local times that some sites write
    unknown_time = "review"                  # "on_time": an unknown time is on time

    [late]                                   # without it, lateness is only shown
    grace_minutes = 15                       # minutes that are not late
    percent_per_day = 10                     # of the points, for every day begun
    max_percent = 50                         # never more than this
    max_days = 7                             # later submissions score 0

    [extensions]                             # deadlines of students or groups
    ada = 2026-11-06T23:59:00+01:00

    [submitted]                              # times stated by staff
    grace = 2026-10-31T08:00:00+01:00

    [repair]                                 # solution.py that fails when it is imported
    mode = "review"                          # "accept": repaired scores count; "off": they do not

The tables about course sites, such as [canvas], are in `import_settings`.

    [leaderboard]
    show = true                              # write leaderboard.html, of those who opted in

Every error is a `PolicyError` before anything is graded or written. Unknown student names are found
when the policy is applied (`autograder/course/policy.py`).
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from autograder.course.import_settings import (
    ImportSettings,
    SiteTables,
    load_import_settings,
)
from autograder.course.roster import BadRoster, RosterRow, read_roster
from autograder.errors import AutograderError
from autograder.grading import repairs
from autograder.platforms.imports.current_gradebook import BadGradebook
from autograder.toml_reader import FilledText, in_file, one_of, read_toml
from quantlab.intake.names import student_id

T = TypeVar("T")

TITLE = "Quantization assignment"
REVIEW, ON_TIME = "review", "on_time"  # what an unknown time means

_Names = Annotated[
    frozenset[str], Meta(description='a list of ids in quotes, such as ["ada", "grace"]')
]
_Time = Annotated[
    datetime,
    Meta(
        tz=True,
        description="a time with its offset from UTC and without quotes, such as "
        "2026-10-30T23:59:00+01:00",
    ),
]
_Minutes = Annotated[float, Meta(ge=0, le=1e6, description="a number from 0 to 1e6")]
_Percent = Annotated[float, Meta(ge=0, le=100, description="a number from 0 to 100")]
_Days = Annotated[int, Meta(ge=0, description="a whole number from 0")]


class PolicyError(AutograderError):
    """The policy can't be used; the message says what is wrong, where, and what to do."""


class LatePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold what a late submission loses, in percent of its points. `max_days` None: no limit."""

    grace_minutes: _Minutes = 0.0
    percent_per_day: _Percent = 0.0
    max_percent: _Percent = 100.0
    max_days: _Days | None = None

    def percent(self, days: int) -> float:
        """Return the percent lost after so many days begun, 0 to 100. It never decreases."""
        if self.max_days is not None and days > self.max_days:
            return 100.0
        return min(days * self.percent_per_day, self.max_percent)

    @property
    def most_percent(self) -> float:
        """Return the most that lateness can cost, in percent."""
        if self.max_days is not None:
            return 100.0
        return self.max_percent if self.percent_per_day else 0.0


@dataclass(frozen=True)
class Policy:
    """Hold the values of `course.toml`; the defaults change no score.

    `submitted` are times stated by staff.
    `timezone` is that of local times, None if it is not set. `repair_mode` says what counts if
    solution.py was repaired, one of `repairs.MODES`.
    """

    title: str = TITLE
    deadline: datetime | None = None
    late: LatePolicy = field(default_factory=LatePolicy)
    extensions: Mapping[str, datetime] = field(default_factory=dict)
    submitted: Mapping[str, datetime] = field(default_factory=dict)
    timezone: ZoneInfo | None = None
    unknown_time: str = REVIEW
    excused: frozenset[str] = frozenset()
    reviewed: frozenset[str] = frozenset()
    roster: tuple[RosterRow, ...] | None = None
    publish_unfinished: bool = False
    repair_mode: str = repairs.REVIEW
    canvas_assignment: str = TITLE
    imports: ImportSettings = field(default_factory=ImportSettings)
    leaderboard: bool = False

    def deadline_of(self, *names: str) -> datetime | None:
        """Return the latest deadline of a student and their group."""
        granted = [self.extensions[name] for name in names if name in self.extensions]
        return max([*granted, *([self.deadline] if self.deadline else [])], default=None)

    def stated_time(self, member: str, entry: str) -> datetime | None:
        """Return the time stated for a student, else for their group."""
        return self.submitted.get(member) or self.submitted.get(entry)


class _Repair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mode: Annotated[str, one_of(*repairs.MODES)] = repairs.REVIEW


class _Leaderboard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    show: bool = False


class _CourseFile(SiteTables, frozen=True, forbid_unknown_fields=True):
    """The values of course.toml as they are written."""

    title: FilledText = TITLE
    deadline: _Time | None = None
    roster: FilledText | None = None
    excused: _Names = frozenset()
    reviewed: _Names = frozenset()
    publish_unfinished: bool = False
    timezone: FilledText | None = None
    unknown_time: Annotated[str, one_of(REVIEW, ON_TIME)] = REVIEW
    late: LatePolicy | None = None
    extensions: dict[str, _Time] | None = None
    submitted: dict[str, _Time] | None = None
    repair: _Repair = _Repair()
    allow_lower: _Names = frozenset()
    leaderboard: _Leaderboard = _Leaderboard()


def load_policy(path: Path) -> Policy:
    """Read `course.toml`. Raise `PolicyError` if anything is wrong in it."""
    file = read_toml(path, _CourseFile, PolicyError)
    for key in ("late", "extensions", "submitted"):
        if getattr(file, key) is not None and file.deadline is None:
            raise PolicyError(in_file(path, f"[{key}] needs a deadline: add it"))
    return Policy(
        title=file.title,
        deadline=file.deadline,
        late=file.late or LatePolicy(),
        extensions=_by_id(file.extensions),
        submitted=_by_id(file.submitted),
        timezone=_timezone(file.timezone, path) if file.timezone else None,
        unknown_time=file.unknown_time,
        excused=frozenset(_by_id(dict.fromkeys(file.excused))),
        reviewed=frozenset(_by_id(dict.fromkeys(file.reviewed))),
        roster=_roster(path, file.roster) if file.roster else None,
        publish_unfinished=file.publish_unfinished,
        repair_mode=file.repair.mode,
        canvas_assignment=file.canvas.assignment or file.title,
        imports=_imports(path, file),
        leaderboard=file.leaderboard.show,
    )


def _imports(path: Path, file: _CourseFile) -> ImportSettings:
    allowed = frozenset(_by_id(dict.fromkeys(file.allow_lower)))
    try:
        return load_import_settings(file, path.parent, file.title, file.roster, allowed)
    except BadGradebook as problem:
        raise PolicyError(in_file(path, str(problem).rstrip("."))) from problem


def _by_id(values: Mapping[str, T] | None) -> dict[str, T]:
    """Return values by the ids of submissions: `student_id` of the names in the file."""
    return {student_id(name).value: value for name, value in (values or {}).items()}


def _roster(path: Path, name: str) -> tuple[RosterRow, ...]:
    try:
        return read_roster(path.parent / name)
    except BadRoster as problem:
        raise PolicyError(in_file(path, f"roster: {str(problem).rstrip('.')}")) from problem


def _timezone(name: str, path: Path) -> ZoneInfo:
    zones = {zone.casefold(): zone for zone in available_timezones()}
    if name in zones.values():
        return ZoneInfo(name)
    near = difflib.get_close_matches(name.casefold(), zones, 1)
    hint = f"did you mean {zones[near[0]]}?" if near else "write one such as Europe/Zurich"
    if not zones:
        hint = "this machine has no time zones: pip install tzdata"
    raise PolicyError(in_file(path, f"timezone {name!r} is not a time zone; {hint}"))
