"""Question 2d: the saved models. The grader evaluates each on the test images itself."""

from dataclasses import dataclass, replace

from autograder.checks.base import Evidence, Finding
from autograder.engine.record import ModelResult, Verdict
from autograder.engine.rubric import RubricItem
from quantlab.formats.saved_model import parse_name
from quantlab.paths import CELLS, model_file


@dataclass(frozen=True)
class ModelCheck:
    """Check one saved model against the threshold of its bit widths."""

    cell: str
    source: str = "model"
    needs_data: bool = True

    @property
    def id(self) -> str:
        """Return "2d.model.<cell>"."""
        return f"2d.model.{self.cell}"

    @property
    def title(self) -> str:
        """Return the title that reports show."""
        return f"{self.file}: accuracy after quantization-aware training"

    @property
    def file(self) -> str:
        """Return the assignment's name of the file."""
        return model_file(self.cell)

    def grade(self, evidence: Evidence, item: RubricItem) -> Finding:
        """Evaluate the saved model and return its credit."""
        submission = evidence.submission
        weight_bits, act_bits = parse_name(self.file)
        dataset = evidence.evaluator.dataset
        threshold = evidence.rubric.thresholds[dataset][self.cell]
        unmeasured = ModelResult(self.file, weight_bits, act_bits, None, 0, threshold)
        if self.file in submission.problems:
            return Finding(Verdict.ERROR, message=submission.problems[self.file], model=unmeasured)
        if self.file not in submission.models:
            return Finding(Verdict.MISSING, message=f"No {self.file} was submitted.")
        measured = evidence.evaluator.model(
            submission.models[self.file], weight_bits, act_bits, evidence.executor
        )
        if measured.accuracy is None or measured.counted is None:
            return Finding(measured.verdict, message=measured.message, model=unmeasured)
        credit = evidence.rubric.credit(dataset, self.cell, measured.counted)
        verdict = (
            Verdict.CORRECT if credit == 1 else Verdict.PARTIAL if credit > 0 else Verdict.WRONG
        )
        message = str(measured)
        if credit < 1:
            ramp = evidence.rubric.ramp
            message += f"; full points from {threshold:g} %, none at {threshold - ramp:g} %"
        return Finding(
            verdict,
            credit,
            message + ".",
            evidence={"histogram": measured.histogram} if measured.histogram else {},
            model=replace(
                unmeasured,
                accuracy=measured.accuracy,
                images=measured.images,
                interval=measured.interval,
            ),
            flags=self._flags(measured.accuracy, evidence.rubric.plausible[dataset]),
            notes=measured.notes_on(self.file),
        )

    def _flags(self, accuracy: float, plausible: float) -> tuple[str, ...]:
        if accuracy <= plausible:
            return ()
        return (
            f"{self.file} has {accuracy:.2f} % on the test images; more than {plausible:g} % was "
            "hardly reached without training on them. Ask how it was made.",
        )


CHECKS = tuple(ModelCheck(cell) for cell in CELLS)
