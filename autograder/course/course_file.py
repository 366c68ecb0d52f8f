"""Read `course.toml`, the policy of a course.

    title = "Quantization, autumn term"      # all keys are optional
    deadline = 2026-10-30T23:59:00+01:00     # with its offset from UTC
    roster = "roster.csv"                    # the students; see autograder/course/roster.py
    excused = ["grace"]                      # no score, and no zero either
    reviewed = ["bob"]                       # staff reviewed: keep the computed score
    publish_unfinished = false               # true: export scores with written answers open
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

    [canvas]
    assignment = "Quantization (4711)"       # the column in Canvas's gradebook export

    [moodle]
    maximum_grade = 100                      # of the Moodle assignment; scores are scaled

Every error is a `PolicyError` before anything is graded or written. Unknown student names are found
when the policy is applied (`autograder/course/policy.py`).

The reader is written by hand: each error names the file, the key, the expected value and a nearby
key, and several keys depend on each other.
"""

import difflib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from autograder.course.roster import BadRoster, Row, read_roster
from autograder.errors import AutograderError
from autograder.grading import repairs

TITLE = "Quantization assignment"
_KEYS = (
    "title",
    "deadline",
    "roster",
    "excused",
    "reviewed",
    "publish_unfinished",
    "timezone",
    "unknown_time",
    "late",
    "extensions",
    "submitted",
    "repair",
    "canvas",
    "moodle",
)
REVIEW, ON_TIME = "review", "on_time"  # what an unknown time means
_LATE_KEYS = ("grace_minutes", "percent_per_day", "max_percent", "max_days")


class PolicyError(AutograderError):
    """The policy can't be used; the message says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class LatePolicy:
    """Holds what a late submission loses, in percent of its points. `max_days` None: no limit."""

    grace_minutes: float = 0.0
    percent_per_day: float = 0.0
    max_percent: float = 100.0
    max_days: int | None = None

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
    """Holds the values of `course.toml`; the defaults change no score.

    `moodle_maximum` None means the points of the rubric. `submitted` are times stated by staff.
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
    roster: tuple[Row, ...] | None = None
    publish_unfinished: bool = False
    repair_mode: str = repairs.REVIEW
    canvas_assignment: str = TITLE
    moodle_maximum: float | None = None

    def deadline_of(self, *names: str) -> datetime | None:
        """Return the latest deadline of a student and their group."""
        granted = [self.extensions[name] for name in names if name in self.extensions]
        return max([*granted, *([self.deadline] if self.deadline else [])], default=None)

    def stated_time(self, member: str, entry: str) -> datetime | None:
        """Return the time stated for a student, else for their group."""
        return self.submitted.get(member) or self.submitted.get(entry)


def load_policy(path: Path) -> Policy:
    """Read `course.toml`. Raise `PolicyError` if anything is wrong in it."""
    try:
        text = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PolicyError(f"{path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path} is not valid TOML: {error}.") from error
    return _Reader(path).policy(text)


class _Reader:
    """Reads values from the parsed file; every error names the file and the key."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def policy(self, text: Mapping[str, Any]) -> Policy:
        """Return the checked policy. Raise `PolicyError`."""
        self._refuse_unknown(text, _KEYS, "")
        title = self._text(text, "title", TITLE)
        deadline = self._time(text, "deadline") if "deadline" in text else None
        late = self._late(self._table(text, "late", _LATE_KEYS))
        extensions = self._table(text, "extensions")
        submitted = self._table(text, "submitted")
        repair = self._table(text, "repair", ("mode",))
        canvas = self._table(text, "canvas", ("assignment",))
        moodle = self._table(text, "moodle", ("maximum_grade",))
        for key in ("late", "extensions", "submitted"):
            if key in text and deadline is None:
                raise self._error(f"[{key}] needs a deadline: add it")
        maximum = (
            self._number(moodle, "maximum_grade", 0, 1e6, "moodle.")
            if "maximum_grade" in moodle
            else None
        )
        if maximum == 0:
            raise self._error("moodle.maximum_grade must be more than 0")
        return Policy(
            title=title,
            deadline=deadline,
            late=late,
            extensions={name: self._time(extensions, name, "extensions.") for name in extensions},
            submitted={name: self._time(submitted, name, "submitted.") for name in submitted},
            timezone=self._timezone(text),
            unknown_time=self._choice(text, "unknown_time", (REVIEW, ON_TIME)),
            excused=frozenset(self._names(text, "excused")),
            reviewed=frozenset(self._names(text, "reviewed")),
            roster=self._roster(text),
            publish_unfinished=self._switch(text, "publish_unfinished"),
            repair_mode=self._choice(repair, "mode", repairs.MODES, "repair."),
            canvas_assignment=self._text(canvas, "assignment", title, "canvas."),
            moodle_maximum=maximum,
        )

    def _late(self, table: Mapping[str, Any]) -> LatePolicy:
        days = table.get("max_days")
        if days is not None and (type(days) is not int or days < 0):
            raise self._error(f"late.max_days: expected a whole number from 0, got {days!r}")
        return LatePolicy(
            grace_minutes=self._number(table, "grace_minutes", 0, 1e6, "late."),
            percent_per_day=self._number(table, "percent_per_day", 0, 100, "late."),
            max_percent=self._number(table, "max_percent", 0, 100, "late.", default=100.0),
            max_days=days,
        )

    def _roster(self, text: Mapping[str, Any]) -> tuple[Row, ...] | None:
        if "roster" not in text:
            return None
        place = self.path.parent / self._text(text, "roster", "")
        try:
            return read_roster(place)
        except BadRoster as problem:
            raise self._error(f"roster: {str(problem).rstrip('.')}") from problem

    def _table(
        self, text: Mapping[str, Any], name: str, keys: Collection[str] | None = None
    ) -> Mapping[str, Any]:
        table = text.get(name, {})
        if not isinstance(table, dict):
            raise self._error(f"expected a table for {name}: write [{name}] on a line of its own")
        if keys is not None:
            self._refuse_unknown(table, keys, f"{name}.")
        return table

    def _refuse_unknown(
        self, table: Mapping[str, Any], allowed: Collection[str], where: str
    ) -> None:
        for key in table:
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, 1)
                hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(allowed)}"
                raise self._error(f"{where}{key} is not a setting; {hint}")

    def _text(self, table: Mapping[str, Any], key: str, default: str, where: str = "") -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or (key in table and not value.strip()):
            raise self._error(f"{where}{key} must be text in quotes, got {value!r}")
        return value

    def _timezone(self, text: Mapping[str, Any]) -> ZoneInfo | None:
        if "timezone" not in text:
            return None
        name = self._text(text, "timezone", "")
        zones = {zone.casefold(): zone for zone in available_timezones()}
        if name in zones.values():
            return ZoneInfo(name)
        near = difflib.get_close_matches(name.casefold(), zones, 1)
        hint = f"did you mean {zones[near[0]]}?" if near else "write one such as Europe/Zurich"
        if not zones:
            hint = "this machine has no time zones: pip install tzdata"
        raise self._error(f"timezone {name!r} is not a time zone; {hint}")

    def _choice(
        self, table: Mapping[str, Any], key: str, choices: Sequence[str], where: str = ""
    ) -> str:
        """Return the value, by default the first choice."""
        value = table.get(key, choices[0])
        if value not in choices:
            listed = " or ".join(f'"{choice}"' for choice in choices)
            raise self._error(f"{where}{key} must be {listed}, got {value!r}")
        return str(value)

    def _names(self, table: Mapping[str, Any], key: str) -> list[str]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise self._error(f'{key} must be a list of ids in quotes, such as ["ada", "grace"]')
        return value

    def _switch(self, table: Mapping[str, Any], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self._error(f"{key} must be true or false, got {value!r}")
        return value

    def _number(
        self,
        table: Mapping[str, Any],
        key: str,
        least: float,
        most: float,
        where: str,
        default: float = 0.0,
    ) -> float:
        value = table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(f"{where}{key} must be a number, got {value!r}")
        if not least <= value <= most:
            raise self._error(f"{where}{key} must be from {least:g} to {most:g}, got {value:g}")
        return float(value)

    def _time(self, table: Mapping[str, Any], key: str, where: str = "") -> datetime:
        value = table[key]
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self._error(
                f"{where}{key} must be a time with its offset from UTC and without quotes, such "
                f"as 2026-10-30T23:59:00+01:00, got {value}"
            )
        return value

    def _error(self, sentence: str) -> PolicyError:
        end = "" if sentence.endswith("?") else "."
        return PolicyError(f"In {self.path}: {sentence}{end}")
