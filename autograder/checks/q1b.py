"""Question 1b: the table of squared errors in answers.json, on the student's own two vectors."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from autograder.checks.base import Evidence, Finding
from autograder.checks.error import SquaredError
from autograder.checks.sawb import published_scales
from autograder.checks.table import Accepted, Cell, mark_row
from autograder.rubric import Item
from quantlab.vectors import student_vectors

BITS = (8, 4, 2)


@dataclass(frozen=True)
class ErrorTableCheck:
    """The row of one method for one vector. The rubric's tolerance is relative."""

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
                tuple(Accepted(e, tolerance * e) for e in self._errors(evidence, values, bits)),
            )
            for bits in BITS
        ]
        return mark_row(cells)

    def _errors(self, evidence: Evidence, values: Tensor, bits: int) -> Iterable[float]:
        errors = SquaredError(values.numpy())
        if self.method == "heuristic":
            return [errors.least(bits)]
        reference = evidence.oracle.module
        scale, _ = reference.reset_scale_and_zero_point(values, bits, self.method)
        scales = [np.float32(float(scale))]
        if self.method == "SAWB":
            scales += published_scales(values.numpy(), bits)
        return [errors.at(float(s), bits) for s in scales]


CHECKS = tuple(
    ErrorTableCheck(vector, method)
    for vector in ("A", "B")
    for method in ("sym", "heuristic", "SAWB")
)
