"""Marks a class whose export is open, by a crew that is ready, and writes what came of it.

Marks that were made under other conditions (another grader, rubric, secret, data set) are never
mixed with new ones, and never moved without being shown first: that is what `regrade` is for.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from autograder.course.audit import Works
from autograder.course.class_record import ClassRecord
from autograder.course.console import print_class, print_regrade
from autograder.course.course_file import PolicyError
from autograder.course.fingerprints import Conditions, conditions
from autograder.course.journal import Journal
from autograder.course.manual import read_manual
from autograder.course.outputs import UnwritableOutputs
from autograder.course.policy import FinalMark, Status, apply
from autograder.course.publish import Publishing, write_class
from autograder.course.regrade import compared
from autograder.course.reports import Marking
from autograder.course.session import Session
from autograder.course.task import WorkerUnfit
from autograder.course.worker_pool import Crew
from autograder.course.worker_setup import Settings
from autograder.engine.corpus import BadCorpus, load_mutants
from autograder.engine.executor import Executor
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import RubricError, load_rubric
from autograder.engine.secret import SecretError, course_secret
from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE
from autograder.grading.preparation import SetupError
from autograder.grading.results_folder import UnwritableResults
from autograder.grading.submission import UnknownCheck, select_checks
from autograder.platforms import Export
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.data.cifar10 import DataNotFound

SENTENCES = (
    BadCorpus,
    DataNotFound,
    IsolationUnavailable,
    PolicyError,
    RubricError,
    SecretError,
    UnknownCheck,
    UnwritableOutputs,
    UnwritableResults,
    SetupError,
    WorkerUnfit,
)

MODEL_CHECKS = "2d.model."  # how the names of those begin that mark a saved model


@dataclass(frozen=True)
class ClassOptions:
    """Where the marks go, how they are made, and whether they may move: see the command's help."""

    out: Path
    settings: Settings
    regrade: bool = False
    apply: bool = False
    publishing: Publishing = field(default_factory=Publishing)


def mark_class(options: ClassOptions, export: Export, journal: Journal, crew: Crew) -> int:
    """Returns the exit status. Raises `JournalError`, `CrewUnavailable`."""
    try:
        return _mark(options, export, journal, crew, Console())
    except SENTENCES as problem:
        print(problem, file=sys.stderr)
        return USAGE


def _mark(
    options: ClassOptions, export: Export, journal: Journal, crew: Crew, console: Console
) -> int:
    for problem in export.problems:
        print(problem, file=sys.stderr)
    options.publishing.policy()  # a slip in it is told now, not when all is marked
    marking, wanted = _conditions(options.settings)
    standing = journal.applied()
    _refuse_unasked(options, standing, wanted)
    if not standing:
        journal.apply(wanted.decides)
    session = Session(options.settings, wanted, marking, export, journal)
    with _player(options.settings, wanted) as executor:
        works = Works(marking.dataset, executor)
        session.mark(crew, console, works.take)  # what is read then need not be read afterwards
        for submission in session.submissions():
            works.take(submission)
    outcomes = tuple(session.outcomes())
    record = ClassRecord(export.source, marking.dataset, outcomes, export.missing)
    publishing = options.publishing
    if options.regrade:
        reports = [outcome.report for outcome in outcomes if outcome.report]
        print_regrade(compared(session.reports(standing), reports), options.apply, console)
        if not options.apply:
            manual = read_manual(publishing.manual, record)
            return _status(apply(record, publishing.policy(), manual), export.problems)
    written = write_class(record, options.out, session.faults(), publishing, works)
    journal.apply(wanted.decides)
    print_class(record, written.marks, options.out, written.notes, console)
    return _status(written.marks, export.problems)


def _player(settings: Settings, wanted: Conditions) -> AbstractContextManager[Executor | None]:
    """What opens the models that were marked and not noted; nothing where none were marked."""
    if not any(name.startswith(MODEL_CHECKS) for name in wanted.decides):
        return nullcontext()
    return closing(Sandbox(allow_unsafe=settings.allow_unsafe, tier=settings.tier))


def _status(marks: Sequence[FinalMark], problems: Sequence[str]) -> int:
    """Return the exit status: whether anything, or anybody, needs review."""
    open_yet = any(mark.status is Status.NEEDS_REVIEW for mark in marks)
    return NEEDS_REVIEW if problems or open_yet else DONE


def _conditions(settings: Settings) -> tuple[Marking, Conditions]:
    rubric = load_rubric()
    checks = select_checks(rubric, settings.check)
    marking = Marking(rubric, settings.check, settings.dataset, settings.quick)
    secret = course_secret()
    found = conditions(rubric, checks, load_mutants(), secret, settings.dataset, settings.quick)
    if any(check.id.startswith("2c.") for check in checks):
        # Where the kit's own table no longer fits it is measured once, here, not by every worker.
        ModelEvaluator(settings.dataset, Oracle(), settings.quick).ptq_accuracies("sym")
    return marking, found


def _refuse_unasked(options: ClassOptions, standing: Mapping[str, str], wanted: Conditions) -> None:
    """Marks that stand are not mixed with others, nor narrowed to some checks, unasked."""
    if options.regrade and not standing:
        raise SetupError(
            f"Nothing was marked in {options.out} yet: run the command without --regrade first."
        )
    if set(standing) - set(wanted.decides):
        raise SetupError(
            f"{options.out} holds marks of more checks than --check {options.settings.check}: "
            "leave --check as it was, or choose another folder with --out."
        )
    changed = [name for name in standing if standing[name] != wanted.decides[name]]
    if changed and not options.regrade:
        raise SetupError(
            f"The marks in {options.out} were made under other conditions (grader, rubric, course "
            f"secret, data set, --quick or versions): {len(changed)} checks may come out "
            "differently. Run with --regrade to see who moves, and with --regrade --apply to "
            "write that; or choose another folder with --out."
        )
