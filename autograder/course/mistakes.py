"""Count the named mistakes and the slips of a class, grouped by the idea behind them.

A submission counts once for each idea, however many checks show it.
"""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.course.teaching import TeachingIdea, ideas_by_mutant, teaching_ideas
from autograder.engine.record import Report
from autograder.engine.slips import Slip


@dataclass(frozen=True)
class Mistake:
    """Hold a named misconception and how many submissions show it."""

    name: str
    sentence: str
    count: int


@dataclass(frozen=True)
class SlipCount:
    """Hold how many submissions made a slip of the rubric.

    The cap returned points to `capped` of them, `returned` points on average.
    """

    mistake: str
    cap: float
    count: int
    capped: int
    returned: float


@dataclass(frozen=True)
class MistakeGroup:
    """Hold the mistakes of one idea, the most frequent first, over `count` submissions.

    `key` finds their students on the page. `believed` and `truth` are for the class; both are empty
    for a mistake that `teaching.toml` does not list.
    """

    key: str
    believed: str
    truth: str
    count: int
    mistakes: tuple[Mistake, ...]
    slip: SlipCount | None = None


def group_mistakes(reports: Sequence[Report], slips: Sequence[Slip]) -> tuple[MistakeGroup, ...]:
    """Return the ideas that submissions show, the most frequent first."""
    by_slip = {slip.name: slip for slip in slips}
    sentences = {m.name: m.sentence for report in reports for m in report.misconceptions}
    counts = Counter(name for r in reports for name in {m.name for m in r.misconceptions})
    keys = Counter(key for report in reports for key in mistake_keys(report, slips))
    ideas = {_key(idea): idea for idea in teaching_ideas()}
    groups = []
    for key, count in keys.items():
        idea = ideas.get(key)
        own = [name for name in (idea.mutants if idea else (key,)) if counts[name]]
        own.sort(key=lambda name: (-counts[name], name))
        groups.append(
            MistakeGroup(
                key,
                idea.believed if idea else "",
                idea.truth if idea else "",
                count,
                tuple(Mistake(name, sentences[name], counts[name]) for name in own),
                _count_slip(by_slip[idea.slip], reports) if idea and idea.slip in by_slip else None,
            )
        )
    return tuple(sorted(groups, key=lambda group: (-group.count, group.key)))


def mistake_keys(report: Report, slips: Sequence[Slip]) -> frozenset[str]:
    """Return the keys of the groups that a submission belongs to."""
    ideas = ideas_by_mutant()
    names = [mistake.name for mistake in report.misconceptions]
    names += [name for slip in slips for name in _slip_mutants(slip, report)]
    return frozenset(_key(ideas[name]) if name in ideas else name for name in names)


def _key(idea: TeachingIdea) -> str:
    return f"idea:{idea.name}"


def _slip_mutants(slip: Slip, report: Report) -> list[str]:
    """Return the mutants of a slip that explain a check of the report."""
    explained = {name for check in report.checks for name in check.explained_by}
    return [name for name in slip.mutants if name in explained]


def _count_slip(slip: Slip, reports: Sequence[Report]) -> SlipCount:
    returned = [
        capped.returned
        for report in reports
        for capped in report.slips
        if capped.mistake == slip.mistake
    ]
    return SlipCount(
        slip.mistake,
        float(slip.cap),
        sum(bool(_slip_mutants(slip, report)) for report in reports),
        len(returned),
        statistics.fmean(returned) if returned else 0.0,
    )


def mistake_names(report: Report, slips: Sequence[Slip]) -> Mapping[str, None]:
    """Return what finds a student on the page: names of mistakes, and keys of their groups."""
    names = [mistake.name for mistake in report.misconceptions]
    return dict.fromkeys([*names, *sorted(mistake_keys(report, slips))])
