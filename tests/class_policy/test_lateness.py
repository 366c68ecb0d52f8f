"""Late or not: what is known, what is unknown and who settles it, and days over a clock change."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.course.course_file import LatePolicy, Policy
from autograder.course.lateness import WORKSHEET_TIME
from autograder.course.policy import FinalScore, Status, apply_policy
from autograder.course.submission_times import UnknownTime, submission_time
from tests.class_outputs.people import AUTOMATIC_POINTS, a_record, a_report, an_entry, an_outcome

ZURICH = ZoneInfo("Europe/Zurich")  # clocks go back on 25 October 2026, and forth on 28 March 2027
DUE = datetime.fromisoformat("2026-10-24T23:59:00+02:00")
LATE = LatePolicy(percent_per_day=10, max_percent=50)
POLICY = Policy(deadline=DUE, late=LATE, timezone=ZURICH)
SOON = timedelta(days=1)


def _mark(policy: Policy = POLICY, lms: dict[str, str] | None = None, **entry: Any) -> FinalScore:
    """Return the mark of a full automatic score, submitted like this."""
    record = a_record(an_outcome(a_report("ada"), lms={"ada": lms or {}}, **entry))
    (score,) = apply_policy(record, policy, {})
    return score


@pytest.mark.parametrize(
    ("entry", "lms", "reason"),
    [
        ({"late": True}, {}, "The export says that it is late, but not when."),
        ({}, {}, "The export contains no time of the submission."),
        ({}, {"Identifier": "Participant 7"}, "name the grading worksheet as roster"),
        ({}, {WORKSHEET_TIME: "-"}, "The grading worksheet contains no time"),
        ({}, {WORKSHEET_TIME: "30/10/2026, 20:14"}, "'30/10/2026, 20:14' cannot be read"),
        ({"submitted": "yesterday"}, {}, "'yesterday' cannot be read"),
    ],
)
def test_lateness_of_an_unknown_time_needs_review_until_it_is_settled(
    entry: dict[str, Any], lms: dict[str, str], reason: str
) -> None:
    open_yet = _mark(POLICY, lms, **entry)
    assert (open_yet.status, open_yet.total) == (Status.NEEDS_REVIEW, None)
    assert reason in open_yet.reason
    assert "Up to 50 % of the score are at stake." in open_yet.reason
    for deciding in (
        replace(POLICY, unknown_time="on_time"),
        replace(POLICY, extensions={"ada": DUE + SOON}),
        replace(POLICY, reviewed=frozenset({"ada"})),
    ):
        score = _mark(deciding, lms, **entry)
        assert (score.days_late, score.total) == (0, AUTOMATIC_POINTS)
        assert "On time by" in score.reason
    stated = _mark(replace(POLICY, submitted={"ada": DUE + SOON}), lms, **entry)
    assert (stated.days_late, stated.penalty_percent) == (1, 10)


def test_lateness_is_not_settled_by_an_extension_that_grants_nothing() -> None:
    assert _mark(replace(POLICY, extensions={"ada": DUE - SOON}), late=True).total is None


@pytest.mark.parametrize("late", [LatePolicy(), LatePolicy(max_percent=0, percent_per_day=10)])
def test_lateness_of_an_unknown_time_matters_only_where_it_costs(late: LatePolicy) -> None:
    score = _mark(replace(POLICY, late=late), late=True)
    assert (score.status, score.total) == (Status.AWAITING_MARKING, AUTOMATIC_POINTS)


def test_lateness_trusts_an_export_that_says_on_time() -> None:
    assert _mark(late=False).total == AUTOMATIC_POINTS


def test_lateness_by_staff_comes_before_the_time_of_the_site() -> None:
    policy = replace(POLICY, submitted={"ada": DUE - SOON})
    assert _mark(policy, submitted=(DUE + SOON).isoformat()).days_late == 0


def test_lateness_stated_for_a_group_yields_to_that_of_a_member() -> None:
    entry = an_entry("team", members=("ada", "grace"), late=True)
    record = a_record(replace(an_outcome(a_report("team")), entry=entry))
    stated = {"team": DUE + SOON, "grace": DUE + 2 * SOON + timedelta(hours=2)}
    ada, grace = apply_policy(record, replace(POLICY, submitted=stated), {})
    assert (ada.days_late, grace.days_late) == (1, 3)


def test_lateness_of_a_local_time_needs_the_course_s_time_zone() -> None:
    score = _mark(replace(POLICY, timezone=None), submitted="2026-10-01T12:00:00")
    assert score.status is Status.NEEDS_REVIEW
    assert 'timezone = "Europe/Zurich"' in score.reason


def test_lateness_does_not_depend_on_the_zone_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for zone in ("UTC", "America/Los_Angeles", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        scores = [_mark(submitted=f"2026-10-24T23:59:{second}") for second in ("00", "01")]
        assert [score.days_late for score in scores] == [0, 1]
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("submitted", "days"),
    [
        ("2026-10-25T23:59:00", 1),  # 25 hours later, and one day by the clock
        ("2026-10-25T23:59:01", 2),
        ("2026-10-25T02:30:00+01:00", 1),
        ("2026-10-26T23:59:00", 2),
        ("2026-10-24T21:59:00+00:00", 0),
        ("2026-10-24T22:00:00+00:00", 1),
    ],
)
def test_lateness_counts_days_by_the_course_s_clock(submitted: str, days: int) -> None:
    assert _mark(submitted=submitted).days_late == days


def test_lateness_never_makes_a_day_shorter_than_24_hours() -> None:
    due = datetime.fromisoformat("2027-03-27T23:59:00+01:00")
    policy = replace(POLICY, deadline=due)
    assert _mark(policy, submitted="2027-03-29T00:30:00").days_late == 1  # 23.5 hours later
    assert _mark(policy, submitted="2027-03-29T01:00:00").days_late == 2


@given(st.integers(0, 5 * 24 * 60), st.integers(0, 5 * 24 * 60), st.integers(0, 24 * 60))
def test_lateness_over_a_clock_change_never_falls_with_time(
    first: int, other: int, due: int
) -> None:
    deadline = datetime(2026, 10, 24, 10, tzinfo=UTC) + timedelta(minutes=due)
    policy = replace(POLICY, deadline=deadline)
    days = [
        _mark(policy, submitted=(deadline + timedelta(minutes=after)).isoformat()).days_late
        for after in sorted((first, other))
    ]
    assert days == sorted(days)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Friday, 30 October 2026, 8:14 PM", "2026-10-30T19:14"),
        ("Friday, 30 October 2026, 8:14\u202fPM", "2026-10-30T19:14"),
        ("Friday, October 30, 2026, 12:14 AM", "2026-10-29T23:14"),
        ("Dienstag, 2. Dezember 2025, 10:37", "2025-12-02T09:37"),
        ("Mittwoch, 4. März 2026, 00:05", "2026-03-03T23:05"),
        ("vendredi 30 octobre 2026, 20:14", "2026-10-30T19:14"),
        ("venerdì, 30 ottobre 2026, 20:14", "2026-10-30T19:14"),
        ("viernes, 30 de octubre de 2026, 20:14", "2026-10-30T19:14"),
        ("2026-07-01T12:00:00", "2026-07-01T10:00"),
        ("2026-07-01T12:00:00-04:00", "2026-07-01T16:00"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30"),  # twice: the first
        ("2026-10-25 02:30:00.5 CEST", "2026-10-25T00:30"),
        ("2026-10-25 02:30:00.5 CET", "2026-10-25T01:30"),
        ("2027-03-28T02:30:00", "2027-03-28T00:30"),  # never: the earlier
    ],
)
def test_submission_time_reads_what_sites_write(text: str, instant: str) -> None:
    assert submission_time(text, ZURICH).isoformat()[:16] == instant


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "yesterday", "2026-10-30", "30/10/2026, 20:14", "10/30/26, 8:14 PM"),
        *("Friday, 30 October 2026, 13:14 PM", "Friday, 30 October 2026, 0:14 AM"),
        *("Freitag, 31. Februar 2026, 20:14", "пятница, 30 октября 2026, 20:14"),
        *("2026-10-25 02:30:00 EDT", "Friday, 30 October 2026", "9" * 5000 + ":00"),
    ],
)
def test_submission_time_refuses_text_without_a_certain_time(text: str) -> None:
    with pytest.raises(UnknownTime):
        submission_time(text, ZURICH)
