"""Define the record of a graded submission: `Verdict`, `CheckResult`, `Report`.

Every output is rendered from a `Report`, and a renderer adds nothing to it. A report holds no time,
machine or path, so the same submission and course secret give the same bytes. What varies is in
`run.json` beside it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from quantlab.protocol.repair import Repair

REPORT_VERSION = 2


class Verdict(StrEnum):
    """Name the outcome of one check."""

    CORRECT = "correct"
    PARTIAL = "partial"
    WRONG = "wrong"
    BAD_SHAPE = "bad_shape"
    BAD_DTYPE = "bad_dtype"
    ERROR = "error"  # the student's code raised
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"  # the process died: a signal, an early exit
    BAD_REPLY = "bad_reply"  # what came back is not an answer
    MISSING = "missing"  # still a stub, or nothing submitted
    BLOCKED = "blocked"  # not reached, because something before it failed
    AWAITING_MARKING = "awaiting_marking"  # staff grade it
    GRADER_FAULT = "grader_fault"  # ours: neither a zero nor full points

    @property
    def needs_staff(self) -> bool:
        """Whether staff must act before the score is final."""
        return self is Verdict.GRADER_FAULT


@dataclass(frozen=True)
class Misconception:
    """Hold a known mistake: its name for statistics, its sentence for the student."""

    name: str
    sentence: str


@dataclass(frozen=True)
class CheckResult:
    """Hold the outcome of one check.

    `source` is "call", "table", "model" or "person". `points_alone` is the score with correct
    stand-ins for what the function depends on (equal to `points` without stand-ins). `explained_by`
    names every mutant that gives the same wrong answer. `evidence` is plain JSON: for a visible
    check the call, expected and got values; for a hidden check none of these.
    """

    id: str
    question: str
    title: str
    visible: bool
    source: str
    verdict: Verdict
    points: float
    max_points: float
    points_alone: float
    message: str = ""
    misconception: Misconception | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    explained_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class CappedSlip:
    """Hold one small mistake that explains `checks` of a question, and what it may cost.

    `lost` are the points that these checks lost, more than `cap`.
    """

    mistake: str
    question: str
    checks: tuple[str, ...]
    lost: float
    cap: float

    @property
    def returned(self) -> float:
        """Return the points that the cap returns."""
        return round(self.lost - self.cap, 4)


@dataclass(frozen=True)
class ModelResult:
    """Hold the accuracy of one saved model, in percent on `images` test images.

    `interval` is its 95 % interval if only some of the test images were used. `threshold` is the
    accuracy in percent that earns all points.
    """

    name: str
    weight_bits: int | None
    act_bits: int | None
    accuracy: float | None
    images: int
    threshold: float | None = None  # percent from which all points are given
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class GradedCheck:
    """Hold what one check adds to a report.

    Attributes:
        model: The model that it measured.
        flags: Sentences for staff.
        notes: Sentences for student and staff on how a file was understood.
        repair: What was left out of the solution.py that it called.
    """

    result: CheckResult
    model: ModelResult | None = None
    bonus: float = 0.0
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    repair: Repair | None = None


@dataclass(frozen=True)
class QuestionScore:
    """Hold the points of one question; staff still decide `awaiting` of its `max_score`."""

    id: str
    title: str
    score: float
    max_score: float
    awaiting: float


@dataclass(frozen=True)
class Report:
    """Hold everything known about one submission's score.

    `review` has one sentence for each part of the submission that staff must look at before the
    score is final: the file, the reason, the points at stake. `review_checks` are the ids of the
    checks that these points belong to. `notes` say how the submission was understood: sentences for
    student and staff that cost nothing. `slips` return points that no check shows.
    """

    student: str
    dataset: str
    isolation: str
    checks: tuple[CheckResult, ...]
    question_titles: Mapping[str, str]  # in the order of the assignment
    models: tuple[ModelResult, ...] = ()
    bonus: float = 0.0
    flags: tuple[str, ...] = ()
    provisional: bool = False  # made from fewer checks or images than the score is defined on
    review: tuple[str, ...] = ()
    review_checks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    slips: tuple[CappedSlip, ...] = ()

    @property
    def automatic(self) -> tuple[CheckResult, ...]:
        """Return the checks that need no staff."""
        return tuple(check for check in self.checks if check.source != "person")

    @property
    def _by_staff(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if check.source == "person")

    @property
    def auto_score(self) -> float:
        """Return the points of the automatic checks, and those that slips return."""
        return self.automatic_points()

    def automatic_points(self, question: str | None = None) -> float:
        """Return the points of automatic checks and of slips: of one question, or of all."""
        earned = (c.points for c in self.automatic if question in (None, c.question))
        returned = (slip.returned for slip in self.slips if question in (None, slip.question))
        return _total((*earned, *returned))

    @property
    def auto_max(self) -> float:
        """Return the most points of the automatic checks."""
        return _total(check.max_points for check in self.automatic)

    @property
    def awaiting_marking(self) -> tuple[str, ...]:
        """Return the ids of the checks that staff have yet to grade."""
        return tuple(c.id for c in self.checks if c.verdict is Verdict.AWAITING_MARKING)

    @property
    def needs_staff(self) -> tuple[str, ...]:
        """Return the ids of the checks in which the grader failed."""
        return tuple(c.id for c in self.checks if c.verdict.needs_staff)

    @property
    def needs_review(self) -> bool:
        """Whether staff must act before the score is final."""
        return bool(self.review or self.needs_staff)

    @property
    def misconceptions(self) -> tuple[Misconception, ...]:
        """Return the mistakes that were named, each once."""
        return tuple(dict.fromkeys(c.misconception for c in self.checks if c.misconception))

    @property
    def questions(self) -> tuple[QuestionScore, ...]:
        """Return the points of each question, in the order of the assignment."""
        return tuple(
            QuestionScore(
                id=question,
                title=title,
                score=_total(
                    (
                        self.automatic_points(question),
                        *(c.points for c in self._by_staff if c.question == question),
                    )
                ),
                max_score=_total(c.max_points for c in self.checks if c.question == question),
                awaiting=_total(
                    c.max_points
                    for c in self.checks
                    if c.question == question and c.verdict is Verdict.AWAITING_MARKING
                ),
            )
            for question, title in self.question_titles.items()
        )

    def to_json(self) -> str:
        """Return the text of `report.json`: keys in a fixed order, one trailing newline."""
        record = {
            "version": REPORT_VERSION,
            "student": self.student,
            "dataset": self.dataset,
            "isolation": self.isolation,
            "provisional": self.provisional,
            "auto_score": self.auto_score,
            "auto_max": self.auto_max,
            "bonus": self.bonus,
            "questions": [asdict(question) for question in self.questions],
            "checks": [asdict(check) for check in self.checks],
            "models": [asdict(model) for model in self.models],
            "awaiting_marking": list(self.awaiting_marking),
            "needs_staff": list(self.needs_staff),
            "flags": list(self.flags),
            "review": list(self.review),
            "review_checks": list(self.review_checks),
            "notes": list(self.notes),
            "slips": [{**asdict(slip), "returned": slip.returned} for slip in self.slips],
        }
        return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @staticmethod
    def from_json(text: str) -> "Report":
        """Return the report that `to_json` wrote. Raise `ValueError` for another version."""
        record = json.loads(text)
        if record.get("version") != REPORT_VERSION:
            raise ValueError(
                f"This report has version {record.get('version')!r}; "
                f"this kit reads version {REPORT_VERSION}. Grade the submission again."
            )
        return Report(
            student=record["student"],
            dataset=record["dataset"],
            isolation=record["isolation"],
            checks=msgspec.convert(record["checks"], tuple[CheckResult, ...]),
            question_titles={q["id"]: q["title"] for q in record["questions"]},
            models=msgspec.convert(record["models"], tuple[ModelResult, ...]),
            bonus=record["bonus"],
            flags=tuple(record["flags"]),
            provisional=record["provisional"],
            review=tuple(record.get("review", ())),
            review_checks=tuple(record.get("review_checks", ())),
            notes=tuple(record.get("notes", ())),
            slips=msgspec.convert(record.get("slips", ()), tuple[CappedSlip, ...]),
        )


def _total(points: Iterable[float]) -> float:
    return round(sum(points), 4)
