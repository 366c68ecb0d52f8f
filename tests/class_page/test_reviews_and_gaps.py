"""Reviews are grouped by their reason, and the widest gaps come first."""

from autograder.course.manual_scores import ManualScore
from autograder.course.policy import FinalScore, Policy, Status, apply_policy
from autograder.course.review_groups import group_reviews, reason_pattern
from autograder.course.written_gaps import widest_gaps
from autograder.engine.record import Verdict
from tests.class_outputs.people import WRITTEN, a_record, a_report, an_outcome


def _waiting(member: str, reason: str) -> FinalScore:
    return FinalScore(member, member, Status.NEEDS_REVIEW, reason=reason)


def test_group_reviews_joins_reasons_that_differ_in_names_and_numbers() -> None:
    scores = [
        _waiting("a", "ResNet20_W4A4.pt could not be read: cut short. 5 points are at stake."),
        _waiting("b", "ResNet20_W8A2.pt could not be read: cut short. 3.5 points are at stake."),
        _waiting("c", "Is in more than one submission: x and y."),
        FinalScore("d", "d", Status.FINAL),
    ]
    groups = group_reviews(scores)
    assert [[score.member for score in group.scores] for group in groups] == [["a", "b"], ["c"]]
    assert groups[0].reason == scores[0].reason


def test_reason_pattern_keeps_the_words() -> None:
    pattern = reason_pattern("The grader failed on 2d.model.W2A2, 3.search.size in `x.y`.")
    assert pattern.startswith("The grader failed on …")
    assert reason_pattern("Nothing varies here.") == "Nothing varies here."


def test_widest_gaps_orders_final_scores_by_the_difference() -> None:
    failed = dict.fromkeys(("2a.STE.gradient", "2a.STE.forward"), Verdict.WRONG)
    reports = [a_report("even"), a_report("lost"), a_report("open"), a_report("coder", **failed)]
    record = a_record(*map(an_outcome, reports))
    most = {check.id: check.max_points for check in reports[0].checks}
    manual = {
        (student, check): ManualScore(0.0 if student == "lost" else most[check])
        for student in ("even", "lost", "coder")
        for check in WRITTEN
    }
    gaps = widest_gaps(record, apply_policy(record, Policy(), manual))
    assert [gap.member for gap in gaps] == ["lost", "coder", "even"]  # "open" is not final
    assert (gaps[0].gap, gaps[2].gap) == (-1.0, 0.0)
    assert 0 < gaps[1].gap < 0.1
