"""Compute the numbers behind the pages of a class.

`summarize` is a pure function of the record, the final scores and the reference's numbers. Checks,
mistakes, accuracies and times count each submission once; scores count each member of a group.
Numbers that the evidence lacks are left out.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.item_analysis import ItemAnalysis, analyze_items, is_decided
from autograder.course.mistakes import MistakeGroup, group_mistakes
from autograder.course.policy import FinalScore, Status
from autograder.course.reference_results import ReferenceNumbers
from autograder.engine.ptq_table import METHODS
from autograder.engine.record import CheckResult, Report, Verdict
from autograder.engine.slips import Slip
from autograder.report.wording import TONES
from quantlab.paths import CELLS

BINS = 20  # of the distribution of scores
SLOWEST = 10
VARIABLE = "variable precision"  # the name of that model in a report
HALTED = (Verdict.TIMEOUT, Verdict.MEMORY, Verdict.CRASH)


@dataclass(frozen=True)
class Spread:
    """Holds the five-number summary of `count` values, at least one."""

    count: int
    least: float
    low: float  # first quartile
    median: float
    high: float  # third quartile
    most: float


@dataclass(frozen=True)
class CheckStatistics:
    """Holds one check over all submissions. `tones` counts verdicts by their color in the pages.

    `share` is the mean share of points over decided results, 0 to 1, and `analysis` is about the
    same results; None without any.
    """

    id: str
    question: str
    title: str
    points: float
    tones: Mapping[str, int]
    share: float | None
    analysis: ItemAnalysis | None = None


@dataclass(frozen=True)
class CellComparison:
    """Holds one cell of Table 1: accuracies of the class and of the reference, in percent."""

    spread: Spread | None
    reference: float | None


@dataclass(frozen=True)
class VariableNetwork:
    """Holds one variable-precision network: its weights in KiB, its accuracy in percent."""

    submission: str
    kibibytes: float
    accuracy: float
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class GradingTime:
    """Holds the grading time of a submission in seconds: all checks, and the slowest one."""

    submission: str
    seconds: float
    check: str
    check_seconds: float


@dataclass(frozen=True)
class ClassStatistics:
    """Holds the numbers of the dashboard. `table[column][cell]`; `bins` counts totals."""

    students: int
    submitted: int
    maximum: float
    statuses: Mapping[Status, int]
    late: int
    totals: Spread | None
    bins: tuple[int, ...]
    bin_width: float
    checks: tuple[CheckStatistics, ...]
    mistakes: tuple[MistakeGroup, ...]
    table: Mapping[str, Mapping[str, CellComparison]] = field(default_factory=dict)
    sizes: tuple[VariableNetwork, ...] = ()
    slowest: tuple[GradingTime, ...] = ()
    halted: Mapping[Verdict, int] = field(default_factory=dict)
    seconds: float = 0.0


def summarize(
    record: ClassRecord,
    scores: Sequence[FinalScore],
    reference: ReferenceNumbers,
    slips: Sequence[Slip] = (),
) -> ClassStatistics:
    """Return the statistics of a class; `slips` are those of the rubric."""
    reports = [outcome.report for outcome in record.outcomes if outcome.report]
    totals = [score.total for score in scores if score.total is not None]
    maximum = max((score.maximum for score in scores), default=0.0)
    width = max(maximum, *totals, 1.0) / BINS
    bins = Counter(min(int(total / width), BINS - 1) for total in totals)
    return ClassStatistics(
        students=len(scores),
        submitted=sum(1 for score in scores if score.submission),
        maximum=maximum,
        statuses=Counter(score.status for score in scores),
        late=sum(1 for score in scores if score.days_late),
        totals=spread(totals),
        bins=tuple(bins[number] for number in range(BINS)),
        bin_width=width,
        checks=_checks(reports),
        mistakes=group_mistakes(reports, slips),
        table=_table(reports, reference),
        sizes=tuple(_sizes(record.outcomes)),
        slowest=_slowest(record.outcomes),
        halted=Counter(c.verdict for r in reports for c in r.checks if c.verdict in HALTED),
        seconds=sum(sum(outcome.seconds.values()) for outcome in record.outcomes),
    )


def spread(values: Iterable[float]) -> Spread | None:
    """Return the five-number summary; None without values."""
    ordered = sorted(values)
    if not ordered:
        return None
    low, median, high = (
        statistics.quantiles(ordered, n=4, method="inclusive")
        if len(ordered) > 1
        else [ordered[0]] * 3
    )
    return Spread(len(ordered), ordered[0], low, median, high, ordered[-1])


def _checks(reports: Sequence[Report]) -> tuple[CheckStatistics, ...]:
    results: dict[str, list[CheckResult]] = {}
    for report in reports:
        for check in report.checks:
            results.setdefault(check.id, []).append(check)
    analyses = analyze_items(reports)
    return tuple(_check(results[id], analyses.get(id)) for id in results)


def _check(results: Sequence[CheckResult], analysis: ItemAnalysis | None) -> CheckStatistics:
    first = results[0]
    decided = [
        result.points / result.max_points
        for result in results
        if is_decided(result) and result.max_points
    ]
    return CheckStatistics(
        id=first.id,
        question=first.question,
        title=first.title,
        points=first.max_points,
        tones=Counter(TONES[result.verdict] for result in results),
        share=statistics.fmean(decided) if decided else None,
        analysis=analysis,
    )


def _table(
    reports: Sequence[Report], reference: ReferenceNumbers
) -> Mapping[str, Mapping[str, CellComparison]]:
    """Return Table 1: PTQ as the students report it, QAT as the grader measured it."""
    table: dict[str, dict[str, CellComparison]] = {}
    for method in METHODS:
        reported: dict[str, list[float]] = {cell: [] for cell in CELLS}
        for report in reports:
            for cell, value in _reported(report, f"2c.ptq.{method}").items():
                if cell in reported:
                    reported[cell].append(value)
        table[f"PTQ, {method}"] = {
            cell: CellComparison(spread(reported[cell]), reference.ptq.get(method, {}).get(cell))
            for cell in CELLS
        }
    measured: dict[str, list[float]] = {cell: [] for cell in CELLS}
    for report in reports:
        for model in report.models:
            cell = f"W{model.weight_bits}A{model.act_bits}"
            if model.accuracy is not None and cell in measured:
                measured[cell].append(model.accuracy)
    table["QAT"] = {
        cell: CellComparison(spread(measured[cell]), reference.qat.get(cell)) for cell in CELLS
    }
    return table


def _reported(report: Report, check: str) -> dict[str, float]:
    row = _evidence(report, check, "reported")
    if not isinstance(row, Mapping):
        return {}
    return {cell: float(v) for cell, v in row.items() if isinstance(v, int | float)}


def _sizes(outcomes: Sequence[Outcome]) -> Iterable[VariableNetwork]:
    for outcome in outcomes:
        if outcome.report is None:
            continue
        size = _evidence(outcome.report, "3.bit_widths.accuracy", "kibibytes")
        if size is None:  # reports of earlier versions
            size = _evidence(outcome.report, "3.bit_widths.valid", "kibibytes")
        accuracy = next((m.accuracy for m in outcome.report.models if m.name == VARIABLE), None)
        if isinstance(size, int | float) and accuracy is not None:
            entry = outcome.entry
            yield VariableNetwork(entry.student, float(size), accuracy, entry.members)


def _evidence(report: Report, check: str, key: str) -> object:
    return next((c.evidence.get(key) for c in report.checks if c.id == check), None)


def _slowest(outcomes: Sequence[Outcome]) -> tuple[GradingTime, ...]:
    timings = []
    for outcome in outcomes:
        if outcome.seconds:
            check = max(outcome.seconds, key=lambda name: outcome.seconds[name])
            total = sum(outcome.seconds.values())
            timings.append(GradingTime(outcome.entry.student, total, check, outcome.seconds[check]))
    return tuple(sorted(timings, key=lambda timing: (-timing.seconds, timing.submission))[:SLOWEST])
