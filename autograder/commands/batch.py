"""The command `batch`: grade a class, from the export of a course site to gradebooks.

Every result goes into the journal in the folder of the class, `.journal/`. After an interruption
the same command continues. The workers start first; reading the export and slow imports happen
meanwhile.
"""

import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from autograder.course.class_folder import open_class
from autograder.course.journal import JournalError
from autograder.course.lock import AlreadyRunning
from autograder.course.worker_pool import (
    DaskPool,
    LocalPool,
    PoolUnavailable,
    WorkerPool,
    fitting_jobs,
)
from autograder.course.worker_setup import Settings, warm_up
from autograder.exit_status import INTERRUPTED, USAGE
from autograder.platforms import BadExport, read_export
from autograder.sandbox.relaxed_gc import relaxed_gc

_INTERRUPTED = (
    "Interrupted. Run the same command again to resume: what is graded is in the journal."
)


@dataclass(frozen=True)
class BatchOptions:
    """Holds the options of `batch`. `jobs` None means as many as fit; `scheduler` replaces them."""

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
    past: tuple[Path, ...] = ()


def batch(options: BatchOptions) -> int:
    """Grade the class and return the exit status. Print every error as a sentence."""
    try:
        return _batch(options)
    except KeyboardInterrupt:
        print(_INTERRUPTED, file=sys.stderr)
        return INTERRUPTED
    except (AlreadyRunning, BadExport, PoolUnavailable, JournalError, OSError) as problem:
        print(problem, file=sys.stderr)
    return USAGE


def _batch(options: BatchOptions) -> int:
    inside = options.export.resolve()
    if inside in (options.out.resolve(), *options.out.resolve().parents):
        print(
            f"{options.out} is inside the export, where its folders look like submissions. Choose "
            "another folder with --out.",
            file=sys.stderr,
        )
        return USAGE
    with ExitStack() as stack:
        journal = stack.enter_context(open_class(options.out, create=True))
        pool = stack.enter_context(closing(_pool(options)))
        export = stack.enter_context(read_export(options.export))
        with relaxed_gc():
            from autograder.course.publish import PublishOptions
            from autograder.course.run_class import ClassOptions, grade_class

        publish = PublishOptions(options.course, options.manual, options.anonymous)
        asked = ClassOptions(
            options.out, options.settings, options.regrade, options.apply, publish, options.past
        )
        return grade_class(asked, export, journal, pool)


def _pool(options: BatchOptions) -> WorkerPool:
    if options.scheduler is not None:
        return DaskPool(options.scheduler, warm_up, (options.settings,))
    return LocalPool(options.jobs or fitting_jobs(), warm_up, (options.settings,))
