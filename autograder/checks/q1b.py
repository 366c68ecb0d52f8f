"""Question 1b: the table of squared errors in answers.json, on the student's own two vectors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from autograder.checks.base import Evidence, Finding
from autograder.checks.error import SquaredError, least_error
from autograder.checks.sawb import published_scales
from autograder.checks.table import Accepted, Cell, mark_row
from autograder.rubric import Item
from autograder.verdict import Verdict
from quantlab.vectors import student_vectors

BITS = (8, 4, 2)
ROUNDING = 1e-3  # of the error, where float32 differences are squared and summed


@dataclass(frozen=True)
class ErrorTableCheck:
    """The row of one method for one vector. The rubric's tolerance is relative.

    No scale has less than the least error, so that a heuristic's may only lie above it.
    """

    vector: str
    method: str
    source: str = "table"
    needs_data: bool = False

    @property
    def id(self) -> str:
        return f"1b.{self.vector}.{self.method}"

    @property
    def title(self) -> str:
        return f"Measured error on data set {self.vector}, {self.method}, at 8, 4 and 2 bits"

    def mark(self, evidence: Evidence, item: Item) -> Finding:
        answers = evidence.answers()
        if isinstance(answers, Finding):
            return answers
        values = student_vectors(answers.student)[self.vector]
        reported = answers.mse[self.vector][self.method]
        tolerance = item.tolerance or 0.0
        cells = [
            Cell(
                f"{bits} bits",
                reported[bits],
                tuple(
                    self._accepted(error, tolerance)
                    for error in self._errors_of(self.method, evidence, values, bits)
                ),
            )
            for bits in BITS
        ]
        finding = mark_row(cells)
        if 0 < finding.credit < 1 or finding.verdict is Verdict.WRONG:
            name = evidence.misconceptions.name_row(
                self.id,
                self._right_record(evidence, answers.student),
                lambda record: self._is_reported(reported, record["mse"], tolerance),
            )
            finding = replace(finding, misconception=name)
        return finding

    def _right_record(self, evidence: Evidence, student: str) -> Mapping[str, Any]:
        """The right numbers of the two methods that have no search."""
        mse = {
            vector: {
                method: {
                    str(bits): next(iter(self._errors_of(method, evidence, values, bits)))
                    for bits in BITS
                }
                for method in ("sym", "SAWB")
            }
            for vector, values in student_vectors(student).items()
        }
        return {"student": student, "mse": mse}

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

    def _accepted(self, error: float, tolerance: float) -> Accepted:
        below = ROUNDING if self.method == "heuristic" else tolerance
        return Accepted(error, below * error, tolerance * error)

    def _errors_of(
        self, method: str, evidence: Evidence, values: Tensor, bits: int
    ) -> Iterable[float]:
        errors = SquaredError(values.numpy())
        if method == "heuristic":
            return [least_error(values.numpy().tobytes(), bits)]
        reference = evidence.oracle.module
        scale, _ = reference.reset_scale_and_zero_point(values, bits, method)
        scales = [np.float32(float(scale))]
        if method == "SAWB":
            scales += published_scales(values.numpy(), bits)
        return [errors.at(float(s), bits) for s in scales]


CHECKS = tuple(
    ErrorTableCheck(vector, method)
    for vector in ("A", "B")
    for method in ("sym", "heuristic", "SAWB")
)
