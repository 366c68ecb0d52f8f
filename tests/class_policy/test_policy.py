"""From reports to marks: lateness, extensions, excuses and groups, as laws and as examples."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.course.class_record import Outcome
from autograder.course.manual_scores import ManualScore, ManualScores
from autograder.course.policy import (
    FinalScore,
    LatePolicy,
    Policy,
    PolicyError,
    Status,
    apply_manual_scores,
    apply_policy,
)
from autograder.course.roster import RosterRow
from autograder.engine.record import Verdict
from tests.class_outputs.people import (
    ALL_POINTS,
    AUTOMATIC_POINTS,
    RUBRIC,
    WRITTEN,
    a_check,
    a_record,
    a_report,
    an_entry,
    an_outcome,
)

DUE = datetime.fromisoformat("2026-10-30T23:59:00+01:00")
LATE = LatePolicy(grace_minutes=15, percent_per_day=10, max_percent=50, max_days=7)
POLICIES = st.builds(
    LatePolicy,
    st.floats(0, 2000),
    st.floats(0, 100),
    st.floats(0, 100),
    st.none() | st.integers(0, 12),
)
LATENESS = st.integers(-3 * 24 * 60, 20 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


def _late_score(after: timedelta, policy: LatePolicy = LATE, **settings: Any) -> FinalScore:
    """The mark of a full automatic score, submitted so long after the deadline."""
    moment = (DUE + after).isoformat()
    record = a_record(an_outcome(a_report("ada"), submitted=moment))
    (score,) = apply_policy(record, Policy(deadline=DUE, late=policy, **settings), {})
    return score


@pytest.mark.parametrize(
    ("after", "days", "percent"),
    [
        (timedelta(days=-1), 0, 0),
        (timedelta(0), 0, 0),
        (timedelta(minutes=15), 0, 0),
        (timedelta(minutes=16), 1, 10),
        (timedelta(days=1), 1, 10),
        (timedelta(days=1, seconds=1), 2, 20),
        (timedelta(days=5), 5, 50),
        (timedelta(days=7), 7, 50),
        (timedelta(days=7, minutes=1), 8, 100),
    ],
)
def test_apply_policy_charges_each_day_begun_up_to_the_cap(
    after: timedelta, days: int, percent: float
) -> None:
    score = _late_score(after)
    assert (score.days_late, score.penalty_percent) == (days, percent)
    assert score.raw == AUTOMATIC_POINTS
    assert score.penalty == round(AUTOMATIC_POINTS * percent / 100, 4)
    assert score.total == round(AUTOMATIC_POINTS - score.penalty, 4)


@given(POLICIES, LATENESS, LATENESS)
def test_apply_policy_never_charges_less_for_later(
    policy: LatePolicy, first: timedelta, other: timedelta
) -> None:
    sooner, later = sorted((first, other))
    assert _late_score(sooner, policy).penalty <= _late_score(later, policy).penalty


@given(POLICIES, LATENESS)
def test_apply_policy_keeps_a_penalty_between_zero_and_the_raw_score(
    policy: LatePolicy, after: timedelta
) -> None:
    score = _late_score(after, policy)
    assert 0 <= score.penalty <= score.raw
    assert score.total is not None
    assert 0 <= score.total <= score.raw


@given(POLICIES, LATENESS)
def test_apply_policy_charges_no_penalty_to_an_excused_student(
    policy: LatePolicy, after: timedelta
) -> None:
    score = _late_score(after, policy, excused=frozenset({"ada"}))
    assert (score.status, score.penalty, score.total) == (Status.EXCUSED, 0, None)


@given(LATENESS, st.integers(0, 20))
def test_apply_policy_moves_only_the_deadline_by_an_extension(after: timedelta, days: int) -> None:
    extended = _late_score(after, extensions={"ada": DUE + timedelta(days=days)})
    assert extended.penalty == _late_score(after - timedelta(days=days)).penalty


def test_apply_policy_ignores_an_extension_that_ends_early() -> None:
    assert _late_score(timedelta(0), extensions={"ada": DUE - timedelta(days=3)}).penalty == 0


def test_apply_policy_shows_a_late_day_without_charging_it() -> None:
    score = _late_score(timedelta(days=2), LatePolicy())
    assert (score.days_late, score.penalty, score.reason) == (2, 0, "2 days late.")


def test_apply_policy_counts_nothing_late_without_a_deadline() -> None:
    record = a_record(an_outcome(a_report(), submitted="2030-01-01T00:00:00+00:00"))
    (score,) = apply_policy(record, Policy(), {})
    assert (score.days_late, score.reason) == (0, "")


def test_apply_policy_gives_an_extension_to_a_single_group_member() -> None:
    entry = an_entry(
        "team", members=("ada", "grace"), submitted=(DUE + timedelta(days=1)).isoformat()
    )
    record = a_record(Outcome(entry, a_report("team")))
    policy = Policy(deadline=DUE, late=LATE, extensions={"grace": DUE + timedelta(days=2)})
    ada, grace = apply_policy(record, policy, {})
    assert (ada.member, ada.submission, ada.penalty_percent) == ("ada", "team", 10)
    assert (grace.member, grace.submission, grace.penalty_percent) == ("grace", "team", 0)


def test_apply_policy_gives_an_extension_of_a_group_to_its_members() -> None:
    entry = an_entry(
        "team", members=("ada", "grace"), submitted=(DUE + timedelta(days=1)).isoformat()
    )
    policy = Policy(deadline=DUE, late=LATE, extensions={"team": DUE + timedelta(days=2)})
    scores = apply_policy(a_record(Outcome(entry, a_report("team"))), policy, {})
    assert [score.penalty for score in scores] == [0, 0]


def test_apply_policy_needs_review_for_a_student_of_two_submissions() -> None:
    outcomes = [
        Outcome(an_entry(team, members=("ada", member)), a_report(team))
        for team, member in (("one", "bob"), ("two", "cem"))
    ]
    scores = {score.member: score for score in apply_policy(a_record(*outcomes), Policy(), {})}
    assert scores["ada"].status is Status.NEEDS_REVIEW
    assert scores["ada"].reason == "Is in more than one submission: one and two."
    assert scores["bob"].status is Status.AWAITING_MARKING


def test_apply_policy_lists_students_without_submission_as_missing() -> None:
    record = a_record(an_outcome(a_report("ada")), missing={"grace": {"Student": "Hopper"}})
    ada, grace = apply_policy(record, Policy(), {})
    assert (grace.member, grace.status, grace.total) == ("grace", Status.MISSING, None)
    assert grace.lms == {"Student": "Hopper"}
    assert ada.status is Status.AWAITING_MARKING


def test_apply_policy_needs_review_for_an_unreadable_submission() -> None:
    record = a_record(Outcome(an_entry("ada"), None, "The archive is cut off."))
    (score,) = apply_policy(record, Policy(), {})
    assert (score.status, score.total) == (Status.NEEDS_REVIEW, None)
    assert score.reason == "The archive is cut off."


def test_apply_policy_needs_review_for_a_grader_fault() -> None:
    report = a_report("ada", **{"2a.STE.gradient": Verdict.GRADER_FAULT})
    (score,) = apply_policy(a_record(an_outcome(report)), Policy(), {})
    assert (score.status, score.total) == (Status.NEEDS_REVIEW, None)
    assert "2a.STE.gradient" in score.reason


def test_apply_policy_settles_a_grader_fault_by_a_manual_score() -> None:
    report = a_report("ada", **{"2a.STE.gradient": Verdict.GRADER_FAULT})
    record = a_record(replace(an_outcome(report), problem="The grader failed twice."))
    (score,) = apply_policy(record, Policy(), {("ada", "2a.STE.gradient"): ManualScore(2.0)})
    assert score.status is Status.AWAITING_MARKING
    assert score.total == AUTOMATIC_POINTS - 0.5


UNREAD = "ResNet20_W8A8.pt could not be read: it is a RAR archive. 5 points are at stake."
LOST_MODEL = a_report("ada", **{"2d.model.W8A8": Verdict.ERROR})
UNDER_REVIEW = replace(LOST_MODEL, review=(UNREAD,), review_checks=("2d.model.W8A8",))


def test_apply_policy_gives_no_total_while_a_review_is_open() -> None:
    (score,) = apply_policy(a_record(an_outcome(UNDER_REVIEW)), Policy(), {})
    assert (score.status, score.total, score.reason) == (Status.NEEDS_REVIEW, None, UNREAD)


@pytest.mark.parametrize(
    ("policy", "manual", "points"),
    [
        (Policy(reviewed=frozenset({"ada"})), {}, 0.0),
        (Policy(), {("ada", "2d.model.W8A8"): ManualScore(3.0)}, 3.0),
        (Policy(), {("ada", "auto-2d"): ManualScore(20.0)}, 0.0),
    ],
)
def test_apply_policy_ends_a_review_by_reviewed_or_manual_scores(
    policy: Policy, manual: ManualScores, points: float
) -> None:
    written = {("ada", check): ManualScore(0.0) for check in WRITTEN}
    record = a_record(an_outcome(UNDER_REVIEW))
    (score,) = scores = apply_policy(record, policy, {**written, **manual})
    lost = RUBRIC.items["2d.model.W8A8"].points
    assert (score.status, score.total) == (Status.FINAL, AUTOMATIC_POINTS - lost + points)
    (outcome,) = apply_manual_scores(record, scores).outcomes
    assert outcome.report is not None
    assert (outcome.report.review, outcome.report.review_checks) == ((), ())


def test_apply_policy_keeps_a_review_open_after_another_manual_score() -> None:
    manual = {("ada", "2a.STE.gradient"): ManualScore(1.0)}
    (score,) = apply_policy(a_record(an_outcome(UNDER_REVIEW)), Policy(), manual)
    assert (score.status, score.total) == (Status.NEEDS_REVIEW, None)


def test_apply_policy_keeps_a_grader_fault_open_when_reviewed() -> None:
    report = a_report("ada", **{"2a.STE.gradient": Verdict.GRADER_FAULT})
    policy = Policy(reviewed=frozenset({"ada"}))
    (score,) = apply_policy(a_record(an_outcome(report)), policy, {})
    assert (score.status, score.total) == (Status.NEEDS_REVIEW, None)


def test_apply_policy_scores_a_reviewed_unreadable_submission() -> None:
    record = a_record(
        Outcome(an_entry("ada"), None, "The archive is cut off."), an_outcome(a_report("bob"))
    )
    manual = {("ada", "1c.comparison"): ManualScore(4.0)}
    ada, _ = apply_policy(record, Policy(reviewed=frozenset({"ada"})), manual)
    assert (ada.status, ada.total) == (Status.FINAL, 4.0)
    assert ada.reason == "Reviewed by staff. The archive is cut off."


def test_apply_policy_is_final_with_every_written_answer_scored() -> None:
    manual = {("ada", check): ManualScore(1.0) for check in WRITTEN}
    (score,) = apply_policy(a_record(an_outcome(a_report("ada"))), Policy(), manual)
    assert (score.status, score.written, score.awaiting) == (Status.FINAL, 3.0, 0)
    assert (score.total, score.maximum) == (AUTOMATIC_POINTS + 3, ALL_POINTS)


def test_apply_policy_adds_the_bonus_before_the_penalty() -> None:
    outcome = an_outcome(
        replace(a_report("ada"), bonus=2.0), submitted=(DUE + timedelta(days=1)).isoformat()
    )
    (score,) = apply_policy(a_record(outcome), Policy(deadline=DUE, late=LATE), {})
    assert score.raw == AUTOMATIC_POINTS + 2
    assert score.penalty == round(score.raw / 10, 4)


def test_apply_manual_scores_shows_staff_scores_in_the_report() -> None:
    record = a_record(an_outcome(a_report("ada")))
    manual = {
        ("ada", "1c.comparison"): ManualScore(10.0, "Clear."),
        ("ada", "1b.explanation"): ManualScore(0.0),
        ("ada", "2d.methodology"): ManualScore(2.5),
    }
    (outcome,) = apply_manual_scores(record, apply_policy(record, Policy(), manual)).outcomes
    assert outcome.report is not None
    checks = {check.id: check for check in outcome.report.checks}
    assert checks["1c.comparison"].verdict is Verdict.CORRECT
    assert checks["1c.comparison"].message == "Graded by staff: Clear."
    assert checks["1b.explanation"].verdict is Verdict.WRONG
    assert checks["2d.methodology"].verdict is Verdict.PARTIAL
    assert outcome.report.awaiting_marking == ()
    assert checks["1a.reset.sym"] == a_check("1a.reset.sym")


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (Policy(excused=frozenset({"adaa"})), "course.toml excuses adaa, an unknown student"),
        (Policy(deadline=DUE, extensions={"bob": DUE}), "grants an extension to bob"),
        (Policy(reviewed=frozenset({"bob"})), "course.toml lists as reviewed bob"),
    ],
)
def test_apply_policy_refuses_unknown_students(policy: Policy, sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        apply_policy(a_record(an_outcome(a_report("ada"))), policy, {})


def test_apply_policy_suggests_a_similar_name() -> None:
    with pytest.raises(PolicyError, match="Did you mean ada"):
        apply_policy(a_record(an_outcome(a_report("ada"))), Policy(excused=frozenset({"adaa"})), {})


def test_apply_policy_reads_students_without_submission_from_the_roster() -> None:
    policy = Policy(excused=frozenset({"bob"}), roster=(RosterRow("r.csv", 2, {"student": "bob"}),))
    ada, bob = apply_policy(a_record(an_outcome(a_report("ada"))), policy, {})
    assert (ada.member, bob.member, bob.status) == ("ada", "bob", Status.EXCUSED)
