"""The command `batch`: a whole class, from the export of a course site to marks.

Everything that happens on the way is in the journal below the class's folder, `.journal/`: whatever
ends this command, the same command goes on where it was. Marks that were made under other
conditions (another grader, rubric, secret, data set) are never mixed with new ones, and never moved
without being shown first: that is what `--regrade` is for.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from autograder.batch.assembly import Marking
from autograder.batch.claim import AnotherRunner, claimed
from autograder.batch.conditions import Conditions, conditions
from autograder.batch.crew import Crew, CrewUnavailable, DaskCrew, LocalCrew, fitting_jobs
from autograder.batch.exports import BadExport, read_export
from autograder.batch.fake import FakeOptions, make_class
from autograder.batch.journal import Journal, JournalError
from autograder.batch.record import ClassRecord
from autograder.batch.regrade import compared
from autograder.batch.session import Session
from autograder.batch.show import print_class, print_regrade
from autograder.batch.work import Settings, WorkerUnfit, warm_up
from autograder.batch.writing import write_all
from autograder.grading import DONE, NEEDS_STAFF, USAGE, UsageError
from autograder.known import BadKnownSubmission, load_mutants
from autograder.marking import UnknownCheck, select
from autograder.measuring import Measurements
from autograder.oracle import Oracle
from autograder.results import UnwritableResults
from autograder.rubric import RubricError, load_rubric
from autograder.secret import SecretError, course_secret
from quantlab.data import DataNotFound

JOURNAL = ".journal"  # no student's id begins with a dot
_SENTENCES = (
    AnotherRunner,
    BadExport,
    BadKnownSubmission,
    CrewUnavailable,
    DataNotFound,
    JournalError,
    OSError,
    RubricError,
    SecretError,
    UnknownCheck,
    UnwritableResults,
    UsageError,
    WorkerUnfit,
)
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


def batch(options: BatchOptions) -> int:
    """Mark the class; returns the exit status. Everything that goes wrong is a sentence."""
    try:
        return _batch(options, Console())
    except KeyboardInterrupt:
        print(_STOPPED, file=sys.stderr)
        return USAGE
    except _SENTENCES as problem:
        print(problem, file=sys.stderr)
        return USAGE


def fake(options: FakeOptions) -> int:
    """Write a made-up class; returns the exit status."""
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        folder = make_class(options)
    except _SENTENCES as problem:
        print(problem, file=sys.stderr)
        return USAGE
    print(f"{folder} holds {options.count:,} hand-ins as {options.layout} exports them.")
    return DONE


def _batch(options: BatchOptions, console: Console) -> int:
    _refuse_marks_among_submissions(options)
    folder = options.out / JOURNAL
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(claimed(options.out, folder / "lock"))
        journal = stack.enter_context(Journal(folder / "marks.sqlite"))
        export = stack.enter_context(read_export(options.export))
        for problem in export.problems:
            print(problem, file=sys.stderr)
        marking, wanted = _conditions(options.settings)
        standing = journal.applied()
        _refuse_unasked(options, standing, wanted)
        if not standing:
            journal.apply(wanted.decides)
        crew = _crew(options, stack)
        session = Session(options.settings, wanted, marking, export, journal)
        session.mark(crew, console)
        outcomes = tuple(session.outcomes())
        record = ClassRecord(export.source, marking.dataset, outcomes, export.missing)
        status = _status(record, export.problems)
        if options.regrade:
            reports = [outcome.report for outcome in outcomes if outcome.report]
            result = compared(session.reports(standing), reports)
            print_regrade(result, options.apply, console)
            if not options.apply:
                return status
        write_all(record, options.out, session.faults())
        journal.apply(wanted.decides)
    print_class(record, options.out, console)
    return status


def _status(record: ClassRecord, problems: Sequence[str]) -> int:
    staff = problems or any(outcome.problem for outcome in record.outcomes)
    return NEEDS_STAFF if staff else DONE


def _refuse_marks_among_submissions(options: BatchOptions) -> None:
    inside = options.export.resolve()
    if options.out.resolve() == inside or inside in options.out.resolve().parents:
        raise UsageError(
            f"{options.out} lies in the export, where its folders would be taken for hand-ins: "
            "choose another folder with --out."
        )


def _conditions(settings: Settings) -> tuple[Marking, Conditions]:
    rubric = load_rubric()
    checks = select(rubric, settings.check)
    marking = Marking(rubric, settings.check, settings.dataset, settings.quick)
    secret = course_secret()
    found = conditions(rubric, checks, load_mutants(), secret, settings.dataset, settings.quick)
    if any(check.id.startswith("2c.") for check in checks):
        # Where the kit's own table no longer fits it is measured once, here, not by every worker.
        Measurements(settings.dataset, Oracle(), settings.quick).post_training("sym")
    return marking, found


def _refuse_unasked(options: BatchOptions, standing: Mapping[str, str], wanted: Conditions) -> None:
    """Marks that stand are not mixed with others, nor narrowed to some checks, unasked."""
    if options.regrade and not standing:
        raise UsageError(
            f"Nothing was marked in {options.out} yet: run the command without --regrade first."
        )
    if set(standing) - set(wanted.decides):
        raise UsageError(
            f"{options.out} holds marks of more checks than --check {options.settings.check}: "
            "leave --check as it was, or choose another folder with --out."
        )
    changed = [name for name in standing if standing[name] != wanted.decides[name]]
    if changed and not options.regrade:
        raise UsageError(
            f"The marks in {options.out} were made under other conditions (grader, rubric, course "
            f"secret, data set, --quick or versions): {len(changed)} checks may come out "
            "differently. Run with --regrade to see who moves, and with --regrade --apply to "
            "write that; or choose another folder with --out."
        )


def _crew(options: BatchOptions, stack: ExitStack) -> Crew:
    if options.scheduler is None:
        jobs = options.jobs or fitting_jobs()
        return LocalCrew(jobs, warm_up, (options.settings,))
    cluster = DaskCrew(options.scheduler)
    stack.callback(cluster.close)
    return cluster
