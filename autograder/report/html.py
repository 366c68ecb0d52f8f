"""Render the report that students and staff read: one self-contained HTML file.

It uses no script, font or external picture, and a content security policy forbids them. The
template escapes every value, and `shown` sanitizes every value again. `autograder.report.evidence`
defines what a check's evidence may contain.

`render` is a pure function of the `Report`. It raises only if the template beside this file is
missing (`jinja2.TemplateNotFound`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.engine.record import CappedSlip, CheckResult, QuestionScore, Report, Verdict
from autograder.report import wording
from autograder.report.evidence import ShownEvidence, read_evidence
from autograder.report.figures import accuracy_figure, histogram_figure, score_bar
from quantlab.protocol.sanitize_text import clean

FOLDER = Path(__file__).resolve().parent
TEMPLATE = "report.html.j2"
MOST_LOSSES = 12  # listed at the top; the sections below hold all of them
LONGEST_LINE = 400  # a title, a name, a flag
# No single value is longer than what a student's code may print (4 KiB).
LONGEST_VALUE, MOST_LINES = 4200, 60


@dataclass(frozen=True)
class CheckView:
    """Hold one check as the template shows it; `anchor` is unique on the page."""

    check: CheckResult
    anchor: str
    word: str
    tone: str
    opened: bool
    score: str
    source: str
    alone: str
    optimum: str
    evidence: ShownEvidence
    histogram: Markup | None

    @property
    def lost(self) -> float:
        """Return the points that were lost."""
        return self.check.max_points - self.check.points


@dataclass(frozen=True)
class SlipView:
    """Hold one slip; `explained` are the views of the checks that it explains."""

    returned: float
    sentence: str
    explained: tuple[CheckView, ...]


@dataclass(frozen=True)
class QuestionView:
    """Hold one question, with the points that a grader fault leaves undecided."""

    question: QuestionScore
    anchor: str
    score: str
    bar: Markup
    checks: tuple[CheckView, ...]
    undecided: float
    slips: tuple[SlipView, ...]


def render(report: Report, closing: Sequence[tuple[str, str]] = (), for_staff: bool = False) -> str:
    """Return the whole page, to be stored as UTF-8.

    `closing` are rows below the sum of the automatic points, such as a penalty and the final score.
    The page of a student has no flags: they are facts for staff to look at, not results.
    """
    views = [_view(check, f"check-{place}") for place, check in enumerate(report.checks, 1)]
    losses = [v for v in views if v.lost > 0 and v.check.verdict is not Verdict.AWAITING_MARKING]
    return (
        environment(FOLDER)
        .get_template(TEMPLATE)
        .render(
            report=report,
            flags=report.flags if for_staff else (),
            title=f"{clean(report.student, 80)}: quantization assignment",
            dataset=wording.dataset_name(report.dataset),
            unisolated=wording.is_unisolated(report),
            total=wording.total_sentence(report),
            awaiting=wording.awaiting(report),
            closing=closing,
            losses=losses[:MOST_LOSSES],
            more_losses=len(losses[MOST_LOSSES:]),
            faults=[v for v in views if v.check.verdict.needs_staff],
            questions=[
                _question(question, f"question-{place}", views, report.slips)
                for place, question in enumerate(report.questions, 1)
            ],
            accuracy=accuracy_figure(report.models, "accuracy") if report.models else None,
        )
    )


def _view(check: CheckResult, anchor: str) -> CheckView:
    evidence = read_evidence(check)
    return CheckView(
        check=check,
        anchor=anchor,
        word=wording.WORDS[check.verdict],
        tone=wording.TONES[check.verdict],
        opened=check.verdict not in (Verdict.CORRECT, Verdict.AWAITING_MARKING),
        score=wording.check_score(check, " / ", "–"),
        source=wording.SOURCES.get(check.source, check.source),
        alone=wording.alone_sentence(check, evidence.depends_on),
        optimum=wording.optimum_sentence(evidence.above_optimum),
        evidence=evidence,
        histogram=(
            histogram_figure(evidence.histogram, f"{anchor}-histogram")
            if evidence.histogram
            else None
        ),
    )


def _question(
    question: QuestionScore,
    anchor: str,
    views: Sequence[CheckView],
    slips: Sequence[CappedSlip],
) -> QuestionView:
    own = tuple(view for view in views if view.check.question == question.id)
    undecided = sum(view.check.max_points for view in own if view.check.verdict.needs_staff)
    return QuestionView(
        question=question,
        anchor=anchor,
        score=wording.question_score(question, " / ", "–"),
        bar=score_bar(question.score, question.awaiting, undecided, question.max_score),
        checks=own,
        undecided=undecided,
        slips=tuple(
            SlipView(
                slip.returned,
                wording.slip_sentence(slip),
                tuple(view for view in own if view.check.id in slip.checks),
            )
            for slip in slips
            if slip.question == question.id
        ),
    )


@cache  # compiling templates takes longer than filling them in
def environment(folder: Path) -> Environment:
    """Return the template environment of `folder`: all values are escaped and sanitized."""
    templates = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=shown,
    )
    templates.filters.update(
        number=wording.number,
        zip=zip,
        line=lambda text: clean(str(text), LONGEST_LINE),
    )
    return templates


def shown(value: object) -> object:
    """Return what a template writes for `value`: markup unchanged, everything else sanitized."""
    return value if isinstance(value, Markup) else clean(str(value), LONGEST_VALUE, MOST_LINES)
