"""Grade a row of reported numbers: each correct cell earns an equal share of the points."""

from dataclasses import dataclass

from autograder.checks.base import Finding
from autograder.engine.record import Verdict


@dataclass(frozen=True)
class Accepted:
    """Hold a correct value, and how far below and above it a reported number may lie."""

    value: float
    below: float
    above: float

    def covers(self, reported: float) -> bool:
        """Return whether a reported number is close enough."""
        return self.value - self.below <= reported <= self.value + self.above


@dataclass(frozen=True)
class Cell:
    """Hold one reported number (None if not reported) and the values that count as correct.

    `problem` says why what is reported could not be read.
    """

    name: str
    reported: float | None
    accepted: tuple[Accepted, ...]
    problem: str | None = None

    @property
    def right(self) -> bool:
        """Whether the reported number is correct."""
        return self.reported is not None and any(
            right.covers(self.reported) for right in self.accepted
        )


def grade_row(cells: list[Cell]) -> Finding:
    """Return the finding of a row. A row without any number is missing, not wrong."""
    problems = list(dict.fromkeys(cell.problem for cell in cells if cell.problem))
    missing = [cell.name for cell in cells if cell.reported is None]
    wrong = [cell.name for cell in cells if cell.reported is not None and not cell.right]
    if problems and len(missing) == len(cells):
        return Finding(Verdict.ERROR, message=" ".join(problems))
    if len(missing) == len(cells):
        return Finding(Verdict.MISSING, message="answers.json holds none of these numbers.")
    credit = 1 - (len(missing) + len(wrong)) / len(cells)
    evidence = {
        "expected": ", ".join(f"{cell.name}: {cell.accepted[0].value:.6g}" for cell in cells),
        "got": ", ".join(f"{cell.name}: {_shown(cell.reported)}" for cell in cells),
        "reported": {cell.name: cell.reported for cell in cells},
    }
    sentences = []
    if wrong:
        sentences.append(f"Not right: {', '.join(wrong)}.")
    if missing:
        sentences.append(f"Missing: {', '.join(missing)}.")
    sentences += problems
    verdict = Verdict.CORRECT if credit == 1 else Verdict.PARTIAL if credit > 0 else Verdict.WRONG
    return Finding(verdict, credit, " ".join(sentences), evidence)


def _shown(reported: float | None) -> str:
    return "missing" if reported is None else f"{reported:.6g}"
