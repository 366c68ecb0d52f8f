"""Question 1b: the squared errors in answers.json, on the student's own two vectors."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from autograder.checks.base import Evidence, Finding
from autograder.checks.squared_error import SquaredError
from autograder.checks.table import Accepted, Cell, grade_row
from autograder.engine.published_scales import published_scales
from autograder.engine.record import Verdict
from autograder.engine.rubric import RubricItem
from quantlab.data.student_vectors import student_vectors

BITS = (8, 4, 2)
ROUNDING = 1e-3  # of the error, where float32 differences are squared and summed


@dataclass(frozen=True)
class ErrorTableCheck:
    """Check the row of one method for one vector. The rubric's tolerance is relative.

    No scale has less than the least error, so the heuristic's value may only be above it.
    """

    vector: str
    method: str
    source: str = "table"
    needs_data: bool = False

    @property
    def id(self) -> str:
        """Return "1b.<vector>.<method>"."""
        return f"1b.{self.vector}.{self.method}"

    @property
    def title(self) -> str:
        """Return the title that reports show."""
        return f"Measured error on data set {self.vector}, {self.method}, at 8, 4 and 2 bits"

    def grade(self, evidence: Evidence, item: RubricItem) -> Finding:
        """Compare the reported row with the errors of the reference."""
        answers = evidence.answers()
        if isinstance(answers, Finding):
            return answers
        right = right_errors(answers.student, self.vector, evidence.oracle.module)[self.method]
        reported = answers.mse[self.vector][self.method]
        tolerance = item.tolerance or 0.0
        below = ROUNDING if self.method == "heuristic" else tolerance
        cells = [
            Cell(
                f"{bits} bits",
                reported[bits],
                tuple(Accepted(error, below * error, tolerance * error) for error in right[bits]),
                answers.problem(f"mse.{self.vector}.{self.method}.{bits}"),
            )
            for bits in BITS
        ]
        finding = grade_row(cells)
        if 0 < finding.credit < 1 or finding.verdict is Verdict.WRONG:
            mistakes = evidence.misconceptions.explain_row(
                self.id,
                _right_record(evidence, answers.student),
                lambda record: self._is_reported(reported, record["mse"], tolerance),
            )
            finding = finding.explained(mistakes)
        return finding

    def _is_reported(
        self,
        reported: Mapping[int, float | None],
        mse: Mapping[str, Mapping[str, Mapping[str, float]]],
        tolerance: float,
    ) -> bool:
        mistaken = mse[self.vector].get(self.method, {})
        return bool(mistaken) and all(
            abs(value - mistaken[str(bits)]) <= tolerance * abs(mistaken[str(bits)])
            for bits, value in reported.items()
            if value is not None
        )


@functools.lru_cache(maxsize=4)  # the rows of a vector share it; two students at a time
def right_errors(
    student: str, vector: str, reference: ModuleType
) -> Mapping[str, Mapping[int, tuple[float, ...]]]:
    """Return `[method][bits]`: the errors that count as correct, the reference's first."""
    values = student_vectors(student)[vector]
    errors = SquaredError(values.numpy())
    right: dict[str, dict[int, tuple[float, ...]]] = {"sym": {}, "heuristic": {}, "SAWB": {}}
    for bits in BITS:
        right["heuristic"][bits] = (errors.least(bits),)
        for method in ("sym", "SAWB"):
            scale, _ = reference.reset_scale_and_zero_point(values, bits, method)
            published = published_scales(values.numpy(), bits) if method == "SAWB" else []
            scales = [float(scale), *map(float, published)]
            right[method][bits] = tuple(errors.at(candidate, bits) for candidate in scales)
    return right


def _right_record(evidence: Evidence, student: str) -> Mapping[str, Any]:
    """Return the correct numbers of "sym" and "SAWB" in the form of answers.json."""
    mse = {}
    for vector in ("A", "B"):
        right = right_errors(student, vector, evidence.oracle.module)
        mse[vector] = {
            method: {str(bits): right[method][bits][0] for bits in BITS}
            for method in ("sym", "SAWB")
        }
    return {"student": student, "mse": mse}


CHECKS = tuple(
    ErrorTableCheck(vector, method)
    for vector in ("A", "B")
    for method in ("sym", "heuristic", "SAWB")
)
