"""Find what the grader understands and a student has still to do.

These are written answers as released, results of a FAST run, and empty cells of the tables. The
grader's verdict does not depend on them.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from quantlab.errors import UnreadableFile
from quantlab.formats.answers import Answers
from quantlab.formats.written_answers import STUB_ANSWER, unwritten_answers
from quantlab.intake.archive import open_contents
from quantlab.intake.contents import LIMITS, Entry
from quantlab.intake.nested import open_nested
from quantlab.intake.roles import ANSWERS, MODELS, REPORT
from quantlab.intake.submission import Submission

_LARGEST = LIMITS.model  # bytes of a notebook; one with all figures has some 5 MiB
_FAST_FOLDER = "-fast"  # the end of the name of the folder of FAST results
FAST = "FAST results, a rehearsal. Set FAST to False and run all cells again."


def count_unwritten(path: str | os.PathLike[str], submission: Submission) -> int:
    """Return how many written answers the report at `path` lacks; 0 if one document has all.

    Only notebooks are opened. Another document counts as complete.

    Raises:
        UnreadableSubmission: Nothing at `path` can be used.
    """
    with open_contents(Path(path)) as outer, ExitStack() as stack:
        contents = open_nested(stack, outer, LIMITS)
        documents = [e for e in contents.files if submission.used.get(e.path) == REPORT]
        return min(map(_unwritten, documents), default=0)


def _unwritten(entry: Entry) -> int:
    if not entry.name.casefold().endswith(".ipynb"):
        return 0
    try:
        return unwritten_answers(entry.read(_LARGEST))
    except UnreadableFile:
        return 0


def unfinished(submission: Submission, unwritten: int) -> dict[str, str]:
    """Return {role: sentence} for each role that is filled and not finished.

    Args:
        submission: What intake read.
        unwritten: The result of `count_unwritten`.
    """
    sentences = dict.fromkeys(_fast_roles(submission), FAST)
    answers = submission.answers
    if answers is not None and (empty := ", ".join(_empty_cells(answers))):
        sentences[ANSWERS] = f"Not filled in: {empty}. {sentences.get(ANSWERS, '')}".strip()
    if unwritten:
        count = "1 place says" if unwritten == 1 else f"{unwritten} places say"
        sentences[REPORT] = f"Your answers are not written yet: {count} {STUB_ANSWER.strip('*')!r}"
    return sentences


def _fast_roles(submission: Submission) -> Iterator[str]:
    """Yield the roles of tables and models that a FAST run wrote.

    The folder says so. A model also counts if it is beside an answers.json of a FAST run.
    """
    folders = {path: PurePosixPath(path).parent for path in submission.used}
    fast = {folder for folder in folders.values() if folder.name.endswith(_FAST_FOLDER)}
    if submission.answers is not None and submission.answers.fast:
        fast |= {folders[path] for path, role in submission.used.items() if role == ANSWERS}
    for path, role in submission.used.items():
        if role in (ANSWERS, *MODELS) and folders[path] in fast:
            yield role


def _empty_cells(answers: Answers) -> Iterator[str]:
    """Yield the parts of the tables that have empty cells, with their number."""
    parts = {
        "mean squared errors of 1b": [
            value
            for methods in answers.mse.values()
            for cells in methods.values()
            for value in cells.values()
        ]
    }
    for training, rows in answers.table1.items():
        for method in next(iter(rows.values())):
            name = f"accuracies of {training.upper()}, {method}"
            parts[name] = [cells[method] for cells in rows.values()]
    for name, values in parts.items():
        if count := values.count(None):
            yield f"{count} of {len(values)} {name}"
