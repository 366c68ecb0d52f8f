"""What a check is: something with an id, a title and a way to mark a submission.

A check reads its evidence from an `Evidence` and returns a `Finding`; how many points that makes is
the rubric's business. Checks never see another submission and never write anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from autograder.engine.executor import Executor
from autograder.engine.misconceptions import Misconceptions
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.record import Misconception, ModelResult, Verdict
from autograder.engine.rubric import Rubric, RubricItem
from autograder.engine.secret import StudentRandom
from autograder.intake.submission import Submission
from quantlab.formats.answers import Answers
from quantlab.protocol.calls import Failure


@dataclass(frozen=True)
class Finding:
    """What a check found. `credit` is the share of its points, 0 to 1.

    `hidden_message` is the sentence of a hidden check, made without anything that a reply says.
    `credit_alone` is the share when what the function leans on is replaced by something right.
    `flags` are sentences for staff.
    """

    verdict: Verdict
    credit: float = 0.0
    message: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    credit_alone: float | None = None
    misconception: Misconception | None = None
    model: ModelResult | None = None
    bonus: float = 0.0
    flags: tuple[str, ...] = ()
    hidden_message: str = ""


@dataclass(frozen=True)
class Evidence:
    """Everything a check may look at. `import_failure` is why solution.py did not import, if so."""

    submission: Submission
    rubric: Rubric
    draws: StudentRandom
    oracle: Oracle
    executor: Executor
    evaluator: ModelEvaluator
    misconceptions: Misconceptions
    import_failure: Failure | None

    def solution(self) -> str | Finding:
        """The source to call into, or the finding that says why there is none."""
        problem = self.submission.problems.get("solution.py")
        if problem:
            return Finding(Verdict.BLOCKED, message=problem, hidden_message=problem)
        if self.submission.solution is None:
            sentence = "No solution.py was handed in."
            return Finding(Verdict.MISSING, message=sentence, hidden_message=sentence)
        if self.import_failure:
            return Finding(
                Verdict.GRADER_FAULT
                if self.import_failure.kind == Verdict.GRADER_FAULT
                else Verdict.BLOCKED,
                message=f"solution.py could not be imported: {self.import_failure.message}",
                hidden_message="solution.py could not be imported.",
                evidence=failure_evidence(self.import_failure),
            )
        return self.submission.solution

    def answers(self) -> Answers | Finding:
        """The student's answers.json, or the finding that says why there is none."""
        problem = self.submission.problems.get("answers.json")
        if problem:
            return Finding(Verdict.ERROR, message=problem)
        if self.submission.answers is None:
            return Finding(Verdict.MISSING, message="No answers.json was handed in.")
        dataset = self.evaluator.dataset_title
        if self.submission.answers.dataset != dataset:
            return Finding(
                Verdict.WRONG,
                message=f"answers.json says its numbers were made on "
                f"{self.submission.answers.dataset}; they are marked on {dataset}.",
            )
        return self.submission.answers


class Check(Protocol):
    """One line of the rubric, able to mark itself. `source`: "call", "table", "model", "person"."""

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def needs_data(self) -> bool: ...

    def grade(self, evidence: Evidence, item: RubricItem) -> Finding: ...


def failure_evidence(failure: Failure) -> dict[str, Any]:
    """What a report may show of a failure."""
    shown: dict[str, Any] = {}
    if failure.exception:
        shown["exception"] = failure.exception
    if failure.line is not None:
        shown["line"] = failure.line
    if failure.output:
        shown["printed"] = failure.output
    return shown
