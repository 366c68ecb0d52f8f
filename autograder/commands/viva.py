"""The command `viva`: three questions per student from their own submission, and a key."""

import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from autograder.course.class_folder import open_class
from autograder.course.graded_class import open_graded_class
from autograder.course.journal import JournalError
from autograder.course.lock import AlreadyRunning
from autograder.course.worker_pool import LocalPool, fitting_jobs
from autograder.course.worker_setup import Settings, warm_up
from autograder.errors import AutograderError
from autograder.exit_status import DONE, INTERRUPTED, NEEDS_REVIEW, USAGE
from autograder.viva.run_viva import VivaChoice, VivaSheets, write_viva

_SHOWN = 10  # students with fewer questions, by name


@dataclass(frozen=True)
class VivaOptions:
    """Hold the options of `viva`. `jobs` None means as many as fit."""

    out: Path
    export: Path | None
    choice: VivaChoice
    settings: Settings
    jobs: int | None = None


def viva(options: VivaOptions) -> int:
    """Write the sheets and return the exit status. Print every error as a sentence."""
    try:
        return _viva(options)
    except KeyboardInterrupt:
        print("Interrupted. Run the same command again.", file=sys.stderr)
        return INTERRUPTED
    except (AlreadyRunning, AutograderError, JournalError, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE


def _viva(options: VivaOptions) -> int:
    jobs = options.jobs or fitting_jobs()
    with (
        open_class(options.out),
        closing(LocalPool(jobs, warm_up, (options.settings,))) as pool,
        open_graded_class(options.out, options.export) as graded,
    ):
        viva = write_viva(graded, options.choice, pool, options.settings)
    for line in _lines(viva):
        print(line)
    return DONE if all(sheet.questions for sheet in viva.sheets) else NEEDS_REVIEW


def _lines(viva: VivaSheets) -> list[str]:
    fewer = [sheet for sheet in viva.sheets if sheet.fewer]
    more = len(fewer) - _SHOWN
    listed = sum(bool(each.listed) for each in viva.selected)
    return [
        *viva.notes,
        f"{len(viva.sheets):,} {'sheet' if len(viva.sheets) == 1 else 'sheets'}; {listed:,} of "
        f"these students {'is' if listed == 1 else 'are'} on the audit's list.",
        *(f"{sheet.student}: {sheet.fewer}" for sheet in fewer[:_SHOWN]),
        *([f"{more:,} more {'has' if more == 1 else 'have'} fewer questions."] if more > 0 else []),
        f"Start at {viva.folder / 'index.html'}. To print: sheets.html. Answers: key.html.",
    ]
