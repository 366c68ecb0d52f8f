"""Try a submission as the grader would, on the student's machine.

The files are read by the grader's own code (`quantlab.intake`). A fresh process opens the saved
models, imports solution.py under the grader's import policy, and runs the public checks. A
solution.py that cannot be imported is repaired as in the grader (`quantlab.protocol.repair`).
"""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from quantlab.errors import InvalidRepair
from quantlab.intake.roles import SOLUTION
from quantlab.intake.submission import read_submission
from quantlab.protocol.calls import Failure
from quantlab.protocol.failure_reasons import Claim
from quantlab.protocol.public_checks import load, questions
from quantlab.protocol.repair import Imported, SkippedStatement, blank, repair_of
from quantlab.protocol.run_public_checks import RIGHT
from quantlab.rehearsal.assess import Rehearsal, assess
from quantlab.rehearsal.fresh_process import run_steps
from quantlab.rehearsal.steps import CHECK, IMPORT, LOST, MODEL, REPAIR, Step, StepResult
from quantlab.rehearsal.unfinished import count_unwritten, unfinished

_Run = Callable[[Sequence[Step]], list[StepResult]]


def _ignore(sentence: str) -> None:
    pass


def rehearse(
    path: str | os.PathLike[str], on_progress: Callable[[str], None] = _ignore
) -> Rehearsal:
    """Return what the grader would make of the folder or archive at `path`.

    `on_progress` receives a few words before each step.

    Raises:
        UnreadableSubmission: Nothing in it can be used.
        CannotRehearse: A fresh Python process does not start.
        NoPublicChecks: The files of the public checks are damaged.
    """
    on_progress("Reading the files")
    submission = read_submission(path)
    to_do = unfinished(submission, count_unwritten(path, submission))
    with tempfile.TemporaryDirectory(prefix="rehearsal-", ignore_cleanup_errors=True) as place:
        folder = Path(place)

        def run(steps: Sequence[Step]) -> list[StepResult]:
            return run_steps(folder, steps, lambda step: on_progress(_words(step)))

        steps = [Step(MODEL, name) for name in submission.models]
        for name, content in submission.models.items():
            (folder / name).write_bytes(content)
        if submission.solution is None:
            return assess(submission, run(steps), None, to_do)
        _write_solution(folder, submission.solution)
        checks = [Step(CHECK, check.id) for name in questions() for check in load(name)]
        results = run([*steps, Step(IMPORT), *checks])
        imported = _imported(submission.solution, results)
        if imported.failure is not None:
            imported, repaired = _repair(imported.source, imported.failure, folder, run, checks)
            results += repaired
    return assess(submission, results, imported, to_do)


def _repair(
    source: str, failure: Failure, folder: Path, run: _Run, checks: Sequence[Step]
) -> tuple[Imported, list[StepResult]]:
    """Return how `source` is imported without the statements that fail, and its checks."""
    as_submitted = Imported(source, failure)
    (found,) = run([Step(REPAIR)])
    if failure.kind == LOST or found.outcome != RIGHT or not found.lines:
        return as_submitted, []
    skipped = [_statement(json.loads(line)) for line in found.lines]
    try:
        repaired = blank(source, skipped)
    except InvalidRepair:
        return as_submitted, []
    _write_solution(folder, repaired)
    results = run([Step(IMPORT), *checks])
    imported = _imported(repaired, results)
    if imported.failure is not None:
        return as_submitted, []
    repair = repair_of(source, failure.message, skipped)
    return Imported(repaired, repair=repair, settings=imported.settings), results


def _imported(source: str, results: Sequence[StepResult]) -> Imported:
    """Return how the step of the import ended."""
    (result,) = [result for result in results if result.step.kind == IMPORT]
    if result.outcome == RIGHT:
        return Imported(source, settings=result.lines)
    return Imported(source, Failure(LOST if result.outcome == LOST else "error", result.lines[0]))


def _statement(values: dict[str, Any]) -> SkippedStatement:
    return SkippedStatement(**{**values, "claim": Claim(**values["claim"])})


def _write_solution(folder: Path, source: str) -> None:
    (folder / SOLUTION).write_text(source, encoding="utf-8", newline="")


def _words(step: Step) -> str:
    match step.kind:
        case "model":
            return f"Opening {step.name}"
        case "import":
            return f"Importing {SOLUTION}"
        case "repair":
            return f"Importing {SOLUTION} statement by statement"
    return f"Public check {step.name}"
