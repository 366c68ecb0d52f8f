"""Convert the submission times that course sites write to UTC.

Three sites write local times without a zone: Blackboard in file names, Moodle in its grading
worksheet, and nbgrader where its configuration names a zone by letters, such as "CEST". They are
read in the course's `timezone`. A local time that occurs twice (when clocks go back) is the first
of the two, in the student's favor; one that a clock skips is read as the earlier instant, too.

Source of Moodle's forms: `strftimedaydatetime` of its language packs, as `userdate` writes it.
"""

import re
import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from autograder.errors import AutograderError
from quantlab.intake.names import quote_name

_MONTHS = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
)
_MONTH_NUMBERS = {
    name: number for names in _MONTHS for number, name in enumerate(names.split(), start=1)
}
_WORD = r"[^\W\d_]+"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?P<half>[ap])\.?m\.?)?"
_FORMS = tuple(
    re.compile(rf"(?:{_WORD},? )?{date},? {_CLOCK}")
    for date in (
        rf"(?P<day>\d{{1,2}})\.? (?:de )?(?P<month>{_WORD}) (?:de )?(?P<year>\d{{4}})",
        rf"(?P<month>{_WORD}) (?P<day>\d{{1,2}}), (?P<year>\d{{4}})",
    )
)
_LETTERS = re.compile(r"(?P<local>.*\d) (?P<zone>[A-Z]{2,5})")


class UnknownTime(AutograderError):
    """The time is unknown; the message says why and what to do."""


def submission_time(text: str, zone: ZoneInfo | None) -> datetime:
    """Return the instant, in UTC, that a course site wrote as `text`.

    `text` is in ISO 8601, with an offset or without, or as Moodle's worksheet writes it. Raises
    `UnknownTime` if it cannot be read, or if it is a local time and `zone` is None.
    """
    stated = _iso_time(text)
    letters = ""
    if stated is None and (match := _LETTERS.fullmatch(text)):
        stated = _iso_time(match["local"])
        letters = match["zone"] if stated else ""
    stated = stated or _worksheet_time(text)
    if stated is None:
        raise UnknownTime(f"The submission time {quote_name(text)} cannot be read.")
    if stated.tzinfo is not None:
        return stated.astimezone(UTC)
    if zone is None:
        raise UnknownTime(
            "The submission time is a local time: set the course's time zone, such as "
            'timezone = "Europe/Zurich", in course.toml.'
        )
    instants = instants_of(stated, zone)
    if letters:
        instants = [instant for instant in instants if instant.astimezone(zone).tzname() == letters]
        if not instants:
            raise UnknownTime(
                f"The submission time {quote_name(text)} is not a time of {zone.key}."
            )
    return min(instants)


def instants_of(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the instants, in UTC, at which clocks of `zone` may have shown the time `local`."""
    return [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]


def _iso_time(text: str) -> datetime | None:
    if ":" not in text:  # a date without a time of day
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _worksheet_time(text: str) -> datetime | None:
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    match = next(filter(None, (form.fullmatch(plain) for form in _FORMS)), None)
    month = _MONTH_NUMBERS.get(match["month"]) if match else None
    if match is None or month is None:
        return None
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"] == "p" else 0)
    try:
        return datetime(
            int(match["year"]),
            month,
            int(match["day"]),
            hour,
            int(match["minute"]),
            int(match["second"] or 0),
        )
    except ValueError:
        return None
