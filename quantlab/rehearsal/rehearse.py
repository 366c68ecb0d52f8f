"""Try a submission as the grader would, on the student's machine.

The files are read by the grader's own code (`quantlab.intake`). A fresh process imports solution.py
under the grader's import policy, runs the public checks and opens the saved models.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from quantlab.intake.roles import SOLUTION
from quantlab.intake.submission import Submission, read_submission
from quantlab.protocol.public_checks import load, questions
from quantlab.rehearsal.assess import Rehearsal, assess
from quantlab.rehearsal.fresh_process import run_steps
from quantlab.rehearsal.steps import CHECK, IMPORT, MODEL, Step


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
    with tempfile.TemporaryDirectory(prefix="rehearsal-", ignore_cleanup_errors=True) as folder:
        steps = _write(submission, Path(folder))
        results = run_steps(Path(folder), steps, lambda step: on_progress(_words(step)))
    return assess(submission, results)


def _write(submission: Submission, folder: Path) -> list[Step]:
    """Write what the fresh process needs, and return its steps."""
    steps = []
    for name, content in submission.models.items():
        (folder / name).write_bytes(content)
        steps.append(Step(MODEL, name))
    if submission.solution is not None:
        (folder / SOLUTION).write_text(submission.solution, encoding="utf-8", newline="")
        steps.append(Step(IMPORT))
        steps += [Step(CHECK, check.id) for name in questions() for check in load(name)]
    return steps


def _words(step: Step) -> str:
    match step.kind:
        case "model":
            return f"Opening {step.name}"
        case "import":
            return f"Importing {SOLUTION}"
    return f"Public check {step.name}"
