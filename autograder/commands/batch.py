"""The command `batch`: a whole class, from the export of a course site to marks.

Everything that happens on the way is in the journal below the class's folder, `.journal/`: whatever
ends this command, the same command goes on where it was. The workers are started first of all; the
export is read, and what takes long to import is imported, while they start.
"""

import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from autograder.course.journal import Journal, JournalError
from autograder.course.lock import AnotherRunner, claimed
from autograder.course.worker_pool import Crew, CrewUnavailable, DaskCrew, LocalCrew, fitting_jobs
from autograder.course.worker_setup import Settings, warm_up
from autograder.exit_status import USAGE
from autograder.platforms import BadExport, read_export
from autograder.sandbox.relaxed_gc import relaxed_gc

_JOURNAL = ".journal"  # no student's id begins with a dot
_STOPPED = "Stopped. What was marked is in the journal: the same command goes on where it was."


@dataclass(frozen=True)
class BatchOptions:
    """What `batch` was asked for. `jobs` None: as many as fit; `scheduler` instead of them."""

    export: Path
    out: Path
    settings: Settings
    jobs: int | None = None
    scheduler: str | None = None
    regrade: bool = False
    apply: bool = False
    course: Path | None = None
    manual: tuple[Path, ...] = ()
    anonymous: bool = False


def batch(options: BatchOptions) -> int:
    """Mark the class; returns the exit status. Everything that goes wrong is a sentence."""
    try:
        return _batch(options)
    except KeyboardInterrupt:
        print(_STOPPED, file=sys.stderr)
    except (AnotherRunner, BadExport, CrewUnavailable, JournalError, OSError) as problem:
        print(problem, file=sys.stderr)
    return USAGE


def _batch(options: BatchOptions) -> int:
    inside = options.export.resolve()
    if inside in (options.out.resolve(), *options.out.resolve().parents):
        print(
            f"{options.out} lies in the export, where its folders would be taken for hand-ins: "
            "choose another folder with --out.",
            file=sys.stderr,
        )
        return USAGE
    folder = options.out / _JOURNAL
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(claimed(options.out, folder / "lock"))
        journal = stack.enter_context(Journal(folder / "marks.sqlite"))
        crew = stack.enter_context(closing(_crew(options)))
        export = stack.enter_context(read_export(options.export))
        with relaxed_gc():
            from autograder.course.publish import Publishing
            from autograder.course.run_class import ClassOptions, mark_class

        publishing = Publishing(options.course, options.manual, options.anonymous)
        asked = ClassOptions(
            options.out, options.settings, options.regrade, options.apply, publishing
        )
        return mark_class(asked, export, journal, crew)


def _crew(options: BatchOptions) -> Crew:
    if options.scheduler is not None:
        return DaskCrew(options.scheduler, warm_up, (options.settings,))
    return LocalCrew(options.jobs or fitting_jobs(), warm_up, (options.settings,))
