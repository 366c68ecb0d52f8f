"""Render the page of a class: one HTML file for its staff.

It shows the scores, every check, the mistakes with what to say in class, Table 1 and the sizes of
question 3 beside the reference, what other thresholds would change, the slowest submissions, who
needs review, and every student with a link to their page.
The script `class.js` sorts and searches; the page is readable without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.item_analysis import SMALL, chance_limit
from autograder.course.mistakes import mistake_names
from autograder.course.outputs import class_figures as figures
from autograder.course.outputs.pages import render_page
from autograder.course.outputs.roster_gaps import roster_gaps
from autograder.course.outputs.threshold_tables import accuracy_rows, size_rows
from autograder.course.policy import FinalScore, Policy, Status
from autograder.course.reference_results import ReferenceNumbers
from autograder.course.review_groups import group_reviews
from autograder.course.statistics import CheckStatistics, ClassStatistics, summarize
from autograder.course.thresholds import (
    CHANGES,
    SIZE_CHANGES,
    accuracy_thresholds,
    size_steps,
)
from autograder.course.written_gaps import widest_gaps
from autograder.engine.record import Report
from autograder.engine.rubric import Rubric
from autograder.engine.slips import Slip
from autograder.report import wording
from quantlab.paths import CELLS

SHOWN_MISTAKES = 12  # the rest is folded
SHOWN_REASONS = 12  # of reviews; the rest is folded
STATUS_WORDS = {
    Status.FINAL: "Final",
    Status.AWAITING_MARKING: "Not graded yet",
    Status.NEEDS_REVIEW: "Needs review",
    Status.MISSING: "Missing",
    Status.EXCUSED: "Excused",
}
STATUS_TONES = {
    Status.FINAL: "good",
    Status.AWAITING_MARKING: "wait",
    Status.NEEDS_REVIEW: "fault",
    Status.MISSING: "none",
    Status.EXCUSED: "none",
}


@dataclass(frozen=True)
class StudentView:
    """Holds one row of the table of students; `lost` are indices of checks that cost points."""

    score: FinalScore
    page: str
    word: str
    tone: str
    questions: tuple[float | None, ...]
    strip: Markup
    seconds: float | None
    mistakes: tuple[str, ...]
    lost: str


@dataclass(frozen=True)
class CheckView:
    """Holds one check; `passed` and `lost` are in percent, `lost` the mean share of its points.

    `discrimination` is the correlation with the other checks.
    """

    check: CheckStatistics
    place: int
    bar: Markup
    passed: float | None
    lost: float | None
    discrimination: float | None


def render(
    record: ClassRecord,
    scores: Sequence[FinalScore],
    policy: Policy,
    reference: ReferenceNumbers,
    rubric: Rubric,
    pages: Mapping[str, str],
) -> str:
    """Return the page, to be stored as UTF-8; `pages[member]` is the address of a page."""
    stats = summarize(record, scores, reference, rubric.slips)
    outcomes = {m: outcome for outcome in record.outcomes for m in outcome.entry.members}
    titles = _question_titles(record)
    places = {check.id: place for place, check in enumerate(stats.checks)}
    students = [
        _student_view(score, outcomes.get(score.member), titles, places, pages, rubric.slips)
        for score in scores
    ]
    dataset = record.dataset.lower().replace("-", "")
    thresholds = rubric.thresholds.get(dataset, {})
    sizes = size_steps(stats.sizes, rubric, dataset)
    checks = [_check(check, place) for place, check in enumerate(stats.checks)]
    variable = (
        (reference.kibibytes, reference.variable_accuracy)
        if reference.kibibytes is not None and reference.variable_accuracy is not None
        else None
    )
    values = {
        "title": policy.title,
        "provisional": record.provisional,
        "dataset": wording.dataset_name(record.dataset),
        "deadline": policy.deadline,
        "stats": stats,
        "status_words": STATUS_WORDS,
        "facts": _facts(stats),
        "scores": figures.score_figure(stats, "scores-figure"),
        "checks": checks,
        "compared": max((c.analysis.compared for c in stats.checks if c.analysis), default=0),
        "small": SMALL,
        "chance_limit": chance_limit,
        "negative": [v for v in checks if v.discrimination is not None and v.discrimination < 0],
        "titles": titles,
        "legend": [(tone, figures.TONE_WORDS[tone]) for tone in figures.TONE_ORDER],
        "cells": CELLS,
        "spread_bar": figures.spread_bar,
        "sizes": figures.size_figure(
            stats.sizes,
            [variable] if variable else [],
            thresholds.get("variable", 85.0),
            rubric.bonus_steps,
            "sizes-figure",
        )
        if stats.sizes
        else None,
        "reference": variable,
        "people": students,
        "gaps": roster_gaps(scores),
        "thresholds": accuracy_rows(
            accuracy_thresholds(record, scores, stats.sizes, rubric, dataset)
        ),
        "changes": CHANGES,
        "size_rows": size_rows(sizes) if sizes.sizes else [],
        "size_changes": SIZE_CHANGES,
        "written_gaps": widest_gaps(record, scores),
        "reviews": group_reviews(scores),
        "shown_reasons": SHOWN_REASONS,
        "shown_mistakes": SHOWN_MISTAKES,
        "halted": [(wording.WORDS[verdict], n) for verdict, n in sorted(stats.halted.items())],
        "pages": pages,
    }
    return render_page("class.html.j2", values, script="class.js")


def _student_view(
    score: FinalScore,
    outcome: Outcome | None,
    titles: Mapping[str, str],
    places: Mapping[str, int],
    pages: Mapping[str, str],
    slips: Sequence[Slip],
) -> StudentView:
    report = outcome.report if outcome else None
    return StudentView(
        score=score,
        page=pages.get(score.member, ""),
        word=STATUS_WORDS[score.status],
        tone=STATUS_TONES[score.status],
        questions=_questions(score, report, titles),
        strip=figures.strip(report.checks) if report else Markup(""),
        seconds=sum(outcome.seconds.values()) if outcome and outcome.seconds else None,
        mistakes=tuple(mistake_names(report, slips)) if report else (),
        lost=" ".join(
            str(places[check.id])
            for check in report.automatic
            if check.points < check.max_points and not check.verdict.needs_staff
        )
        if report
        else "",
    )


def _questions(
    score: FinalScore, report: Report | None, titles: Mapping[str, str]
) -> tuple[float | None, ...]:
    if report is None or score.status is Status.EXCUSED:
        return (None,) * len(titles)
    scores = {question.id: question.score for question in report.questions}
    return tuple(scores.get(question) for question in titles)


def _check(check: CheckStatistics, place: int) -> CheckView:
    lost = None if check.share is None else round(100 * (1 - check.share), 1)
    analysis = check.analysis
    return CheckView(
        check,
        place,
        figures.outcome_bar(check.tones),
        round(100 * analysis.passed, 1) if analysis else None,
        lost,
        analysis.discrimination if analysis else None,
    )


def _question_titles(record: ClassRecord) -> Mapping[str, str]:
    return {
        question: title
        for outcome in record.outcomes
        if outcome.report
        for question, title in outcome.report.question_titles.items()
    }


def _facts(stats: ClassStatistics) -> list[tuple[str, str, str]]:
    """Return (name, number, a few words) for the head of the page."""
    totals = stats.totals
    count = stats.statuses
    return [
        ("Submitted", f"{stats.submitted:,}", f"of {stats.students:,} students"),
        (
            "Median",
            wording.number(totals.median, 1) if totals else "–",
            f"of {wording.number(stats.maximum)} points",
        ),
        (
            "Middle half",
            f"{wording.number(totals.low, 1)}–{wording.number(totals.high, 1)}" if totals else "–",
            "points",
        ),
        ("Final", f"{count.get(Status.FINAL, 0):,}", "scores"),
        ("Not graded yet", f"{count.get(Status.AWAITING_MARKING, 0):,}", "written answers"),
        ("Need review", f"{count.get(Status.NEEDS_REVIEW, 0):,}", "listed below"),
        ("Late", f"{stats.late:,}", "submissions"),
    ]
