"""Decide what a repaired solution.py means for a report.

A solution.py that cannot be imported as submitted is graded without the statements that fail. Its
functions then have two scores: 0 points as submitted, and those of the repaired file. The mode of a
course decides which one counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from autograder.checks.base import NOT_IMPORTED, import_problem
from autograder.engine.record import GradedCheck, Verdict
from autograder.report import wording
from quantlab.intake.roles import SOLUTION
from quantlab.intake.submission import Submission
from quantlab.protocol.repair import Repair, without_lines

REVIEW = "review"  # the repaired file counts once staff have reviewed it
ACCEPT = "accept"  # the repaired file counts
OFF = "off"  # the file counts as submitted
MODES = (REVIEW, ACCEPT, OFF)


def counted(
    submission: Submission, graded: Mapping[str, GradedCheck], mode: str
) -> dict[str, GradedCheck]:
    """Return the checks that count: with `OFF`, repaired functions have no points."""
    if mode != OFF or not _is_repaired(submission, graded.values()):
        return dict(graded)
    problem = _problem(submission, graded.values())
    return {name: _as_submitted(check, problem) for name, check in graded.items()}


def repair_reason(
    submission: Submission, graded: Sequence[GradedCheck]
) -> tuple[str, list[GradedCheck]]:
    """Return a sentence with both scores, and the checks that depend on the repair.

    Both are empty if nothing was repaired.
    """
    calls = [check for check in graded if check.result.source == "call"]
    if not calls or not _is_repaired(submission, graded):
        return "", []
    gained = sum(check.result.points for check in calls)
    repair = _repair(graded)
    sentences = [*submission.repairs]
    how = "as repaired"
    if repair is not None:
        how = without_lines(repair).removeprefix(f"{SOLUTION} ")
        sentences.append(f"{SOLUTION} was graded without {'; '.join(repair.sentences)}.")
    scores = f"Its functions have 0 points as submitted, {wording.points(gained)} {how}"
    return " ".join([*sentences, scores]), calls


def _is_repaired(submission: Submission, graded: Iterable[GradedCheck]) -> bool:
    return bool(submission.repairs) or _repair(graded) is not None


def _repair(graded: Iterable[GradedCheck]) -> Repair | None:
    return next((check.repair for check in graded if check.repair is not None), None)


def _problem(submission: Submission, graded: Iterable[GradedCheck]) -> str:
    """Return why solution.py cannot be imported as submitted."""
    repair = _repair(graded)
    return submission.repairs[0] if repair is None else repair.problem


def _as_submitted(graded: GradedCheck, problem: str) -> GradedCheck:
    result = graded.result
    if result.source != "call" or result.verdict is Verdict.GRADER_FAULT:
        return graded
    blocked = replace(
        result,
        verdict=Verdict.BLOCKED,
        points=0.0,
        points_alone=0.0,
        message=import_problem(problem) if result.visible else NOT_IMPORTED,
        misconception=None,
        evidence={},
    )
    return GradedCheck(blocked)
