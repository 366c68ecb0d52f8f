"""Question 2c: the PTQ half of Table 1, compared with the reference's."""

from dataclasses import dataclass, replace

from autograder.checks.base import Evidence, Finding
from autograder.checks.table import Accepted, Cell, grade_row
from autograder.engine.rubric import RubricItem
from quantlab.paths import CELLS

HALF_A_LAST_DIGIT = 0.005  # the table holds percentages with two decimals


@dataclass(frozen=True)
class PostTrainingTableCheck:
    """Check one column of Table 1. The tolerance is in percentage points.

    With SAWB a student's weights may use published constants
    (`autograder.engine.published_scales`).
    """

    method: str
    source: str = "table"
    needs_data: bool = True

    @property
    def id(self) -> str:
        """Return "2c.ptq.<method>"."""
        return f"2c.ptq.{self.method}"

    @property
    def title(self) -> str:
        """Return the title that reports show."""
        return f"Accuracy after post-training quantization, {self.method}"

    def grade(self, evidence: Evidence, item: RubricItem) -> Finding:
        """Compare the reported column with the reference's accuracies."""
        answers = evidence.answers()
        if isinstance(answers, Finding):
            return answers
        reported = {cell: answers.table1["ptq"][cell][self.method] for cell in CELLS}
        problems = {cell: answers.problem(f"table1.ptq.{cell}.{self.method}") for cell in CELLS}
        if all(value is None for value in reported.values()):  # then nothing need be measured
            return grade_row([Cell(cell, None, (), problems[cell]) for cell in CELLS])
        tables = {method: evidence.evaluator.ptq_accuracies(method) for method in ("SAWB", "sym")}
        margin = (item.tolerance or 0.0) + HALF_A_LAST_DIGIT
        reference = tables[self.method]
        cells = [
            Cell(
                cell,
                reported[cell],
                tuple(Accepted(value, margin, margin) for value in reference[cell]),
                problems[cell],
            )
            for cell in CELLS
        ]
        finding = _with_fractions(grade_row(cells), cells)
        if finding.credit == 1:
            return finding
        right = {
            cell: {method: table[cell][0] for method, table in tables.items()} for cell in CELLS
        }
        mistakes = evidence.misconceptions.explain_row(
            self.id,
            {"dataset": answers.dataset, "table1": {"ptq": right, "qat": answers.table1["qat"]}},
            lambda record: all(
                value is None or abs(value - record["table1"]["ptq"][cell][self.method]) <= margin
                for cell, value in reported.items()
            ),
        )
        return finding.explained(mistakes)


def _with_fractions(finding: Finding, cells: list[Cell]) -> Finding:
    """Return the finding; name the cells with a fraction, such as 0.912 for 91.2 percent."""
    names = [c.name for c in cells if not c.right and c.reported and 0 < c.reported <= 1]
    if not names:
        return finding
    sentence = f"A fraction, not a percentage: {', '.join(names)}."
    evidence = {**finding.evidence, "fractions": names}
    return replace(finding, message=f"{finding.message} {sentence}", evidence=evidence)


CHECKS = (PostTrainingTableCheck("SAWB"), PostTrainingTableCheck("sym"))
