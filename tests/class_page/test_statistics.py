"""What the page of a class draws is counted right."""

from dataclasses import replace

import pytest

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.policy import Policy, Status, apply_policy
from autograder.course.reference_results import ReferenceNumbers, reference_numbers
from autograder.course.statistics import ClassStatistics, GradingTime, Spread, spread, summarize
from autograder.engine.record import Misconception, ModelResult, Verdict
from tests.class_outputs.people import a_check, a_class, a_record, a_report, an_outcome

MISTAKE = Misconception("linear_quantize/truncates", "You truncate.")


def _summary(record: ClassRecord, reference: ReferenceNumbers | None = None) -> ClassStatistics:
    return summarize(record, apply_policy(record, Policy(), {}), reference or ReferenceNumbers())


def test_spread_returns_the_five_numbers_of_values() -> None:
    assert spread([4, 1, 3, 2, 5]) == Spread(5, 1, 2, 3, 4, 5)
    assert spread([7]) == Spread(1, 7, 7, 7, 7, 7)
    assert spread([]) is None


def test_summarize_puts_every_total_in_exactly_1_bin() -> None:
    record = a_class(80)
    stats = _summary(record)
    assert stats.totals is not None
    assert sum(stats.bins) == stats.totals.count
    full = a_record(an_outcome(replace(a_report(), bonus=50.0)))
    assert sum(_summary(full).bins) == 1


def test_summarize_counts_verdicts_and_the_share_of_points() -> None:
    half = a_check("2a.STE.gradient", Verdict.PARTIAL, points=1.25)
    record = a_record(
        an_outcome(a_report("a")),
        an_outcome(a_report("b", **{"2a.STE.gradient": half})),
        an_outcome(a_report("c", **{"2a.STE.gradient": Verdict.TIMEOUT})),
        an_outcome(a_report("d", **{"2a.STE.gradient": Verdict.GRADER_FAULT})),
    )
    stats = _summary(record)
    checks = {check.id: check for check in stats.checks}
    assert checks["2a.STE.gradient"].tones == {"good": 1, "part": 1, "stop": 1, "fault": 1}
    assert checks["2a.STE.gradient"].share == pytest.approx(0.5)  # a fault decides nothing
    assert checks["1c.comparison"].share is None
    assert stats.halted == {Verdict.TIMEOUT: 1}
    assert stats.statuses == {Status.AWAITING_MARKING: 3, Status.NEEDS_REVIEW: 1}


def test_summarize_counts_a_mistake_once_per_submission() -> None:
    wrong = {
        id: a_check(id, Verdict.WRONG, misconception=MISTAKE)
        for id in ("1a.linear_quantize.signed", "1a.linear_quantize.unsigned")
    }
    other = a_check("2a.STE.forward", Verdict.WRONG, misconception=Misconception("STE/x", "No."))
    record = a_record(
        an_outcome(a_report("a", **wrong)),
        an_outcome(a_report("b", **wrong, **{"2a.STE.forward": other})),
    )
    groups = _summary(record).mistakes
    assert [(group.key, group.count) for group in groups] == [("idea:rounding", 2), ("STE/x", 1)]
    assert [(mistake.name, mistake.count) for mistake in groups[0].mistakes] == [(MISTAKE.name, 2)]


def test_summarize_shows_table_1_beside_the_reference() -> None:
    reference = ReferenceNumbers({"SAWB": {"W8A8": 92.32}}, {"W4A4": 90.49})
    reports = []
    for student, reported, measured in (("a", 92.0, 90.0), ("b", None, 91.0), ("c", 93.0, None)):
        row = a_check("2c.ptq.SAWB", evidence={"reported": {"W8A8": reported}})
        model = ModelResult("ResNet20_W4A4.pt", 4, 4, measured, 10_000)
        reports.append(replace(a_report(student, **{"2c.ptq.SAWB": row}), models=(model,)))
    table = _summary(a_record(*map(an_outcome, reports)), reference).table
    ptq, qat = table["PTQ, SAWB"]["W8A8"], table["QAT"]["W4A4"]
    assert (ptq.spread, ptq.reference) == (Spread(2, 92, 92.25, 92.5, 92.75, 93), 92.32)
    assert (qat.spread, qat.reference) == (Spread(2, 90, 90.25, 90.5, 90.75, 91), 90.49)
    assert table["PTQ, sym"]["W8A8"].spread is None


@pytest.mark.parametrize("dataset", ["CIFAR-10", "cifar10", "Shapes-10"])
def test_reference_numbers_are_equal_under_any_name_of_a_data_set(dataset: str) -> None:
    numbers = reference_numbers(dataset)
    assert set(numbers.ptq) == {"SAWB", "sym"}
    assert len(numbers.qat) == len(numbers.ptq["sym"]) == 5
    assert all(80 < accuracy < 100 for accuracy in numbers.qat.values())
    assert numbers.kibibytes is not None
    assert numbers.variable_accuracy is not None
    assert numbers.variable_accuracy > 85


def test_reference_numbers_of_an_unknown_data_set_are_empty() -> None:
    assert reference_numbers("no such data") == ReferenceNumbers()


def test_summarize_draws_networks_with_both_size_and_accuracy() -> None:
    widths = {"3.bit_widths.valid": a_check("3.bit_widths.valid", evidence={"kibibytes": 108.88})}
    model = ModelResult("variable precision", None, 16, 86.44, 10_000, 85.0)
    whole = replace(a_report("a", **widths), models=(model,))
    unmeasured = a_report("b", **widths)
    (drawn,) = _summary(a_record(an_outcome(whole), an_outcome(unmeasured))).sizes
    assert (drawn.submission, drawn.kibibytes, drawn.accuracy) == ("a", 108.88, 86.44)


def test_summarize_prefers_the_measured_size_of_a_packed_model() -> None:
    checks = {
        id: a_check(id, evidence={"kibibytes": size})
        for id, size in (("3.bit_widths.valid", 200.0), ("3.bit_widths.accuracy", 60.0))
    }
    model = ModelResult("variable precision", None, 16, 86.44, 10_000, 85.0)
    record = a_record(an_outcome(replace(a_report("a", **checks), models=(model,))))
    assert [network.kibibytes for network in _summary(record).sizes] == [60.0]


def test_summarize_lists_the_slowest_with_their_longest_check() -> None:
    outcomes = [
        Outcome(an_outcome(a_report(f"s{n:02d}")).entry, None, "", {"x": 0.5, "y": float(n)})
        for n in range(12)
    ]
    stats = _summary(a_record(*outcomes))
    assert stats.slowest[0] == GradingTime("s11", 11.5, "y", 11.0)
    assert len(stats.slowest) == 10
    assert stats.seconds == pytest.approx(12 * 0.5 + 66)
