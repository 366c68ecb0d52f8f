"""Define a check: an id, a title and a function that grades one submission.

A check reads `Evidence` and returns a `Finding`. The rubric decides how many points that is. A
check never sees another submission and never writes anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from autograder.engine.executor import Executor
from autograder.engine.misconceptions import Misconceptions, only_mistake
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.record import Misconception, ModelResult, Verdict
from autograder.engine.rubric import Rubric, RubricItem
from autograder.engine.secret import StudentRandom
from quantlab.formats.answers import Answers
from quantlab.intake.submission import Submission
from quantlab.protocol.calls import Failure

NOT_IMPORTED = "solution.py could not be imported."  # also what hidden checks say


@dataclass(frozen=True)
class Finding:
    """Hold what a check found. `credit` is the share of its points, 0 to 1.

    `credit_alone` is the share with correct stand-ins in place of the functions it depends on.
    `misconception` is set if one sentence fits, `explained_by` names every mutant that gives the
    same answer. `hidden_message` is the sentence of a hidden check: it contains nothing from the
    worker's reply. `flags` are sentences for staff, `notes` for student and staff: how a file was
    understood.
    """

    verdict: Verdict
    credit: float = 0.0
    message: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    credit_alone: float | None = None
    misconception: Misconception | None = None
    explained_by: tuple[str, ...] = ()
    model: ModelResult | None = None
    bonus: float = 0.0
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hidden_message: str = ""

    def explained(self, mistakes: Sequence[Misconception]) -> "Finding":
        """Return the finding with the mistakes that give this answer."""
        names = tuple(mistake.name for mistake in mistakes)
        return replace(self, misconception=only_mistake(mistakes), explained_by=names)


@dataclass(frozen=True)
class Evidence:
    """Hold everything a check may read.

    `import_failure` is set if solution.py cannot be imported.
    """

    submission: Submission
    rubric: Rubric
    student_random: StudentRandom
    oracle: Oracle
    executor: Executor
    evaluator: ModelEvaluator
    misconceptions: Misconceptions
    import_failure: Failure | None

    def solution(self) -> str | Finding:
        """Return the source to call into, or the finding that says why there is none."""
        problem = self.submission.problems.get("solution.py")
        if problem:
            return Finding(Verdict.BLOCKED, message=problem, hidden_message=problem)
        if self.submission.solution is None:
            sentence = "No solution.py was submitted."
            return Finding(Verdict.MISSING, message=sentence, hidden_message=sentence)
        if self.import_failure:
            return Finding(
                Verdict.GRADER_FAULT
                if self.import_failure.kind == Verdict.GRADER_FAULT
                else Verdict.BLOCKED,
                message=import_problem(self.import_failure.message),
                hidden_message=NOT_IMPORTED,
                evidence=failure_evidence(self.import_failure),
            )
        return self.submission.solution

    def answers(self) -> Answers | Finding:
        """Return the student's answers.json, or the finding that says why there is none."""
        problem = self.submission.problems.get("answers.json")
        if problem:
            return Finding(Verdict.ERROR, message=problem)
        if self.submission.answers is None:
            return Finding(Verdict.MISSING, message="No answers.json was submitted.")
        dataset = self.evaluator.dataset_title
        if self.submission.answers.dataset != dataset:
            return Finding(
                Verdict.WRONG,
                message=f"answers.json says its numbers were made on "
                f"{self.submission.answers.dataset}; they are graded on {dataset}.",
            )
        return self.submission.answers


class Check(Protocol):
    """Describe one entry of the rubric. `source` is "call", "table", "model" or "person"."""

    @property
    def id(self) -> str:
        """Return the id, such as "1a.reset.sym"."""

    @property
    def title(self) -> str:
        """Return the title that reports show."""

    @property
    def source(self) -> str:
        """Return where the evidence comes from."""

    @property
    def needs_data(self) -> bool:
        """Return whether the check needs the test images."""

    def grade(self, evidence: Evidence, item: RubricItem) -> Finding:
        """Return what the check finds in a submission."""


def import_problem(reason: str) -> str:
    """Return the message of a visible check of a solution.py that cannot be imported."""
    return f"{NOT_IMPORTED.removesuffix('.')}: {reason}"


def failure_evidence(failure: Failure) -> dict[str, Any]:
    """Return the part of a failure that a report may show."""
    shown: dict[str, Any] = {}
    if failure.exception:
        shown["exception"] = failure.exception
    if failure.line is not None:
        shown["line"] = failure.line
    if failure.output:
        shown["printed"] = failure.output
    return shown
