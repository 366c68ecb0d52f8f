"""Grade a class with a worker pool, and write its results.

Results with other fingerprints (another grader, rubric, secret or data set) are never mixed with
new ones. They change only with `--regrade`, which lists the changes first.
"""

import hmac
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from autograder.course.audit import SubmissionPool
from autograder.course.audit.past import BadPast, read_past_terms
from autograder.course.class_record import ClassRecord
from autograder.course.console import print_class, print_regrade
from autograder.course.course_file import PolicyError
from autograder.course.desk_scores import class_manual_scores
from autograder.course.fingerprints import Fingerprints, compute_fingerprints
from autograder.course.graded_class import BatchNote, write_note
from autograder.course.journal import SECRET, SLIPS, Journal
from autograder.course.manual_scores import read_manual_scores
from autograder.course.outputs import UnwritableOutputs
from autograder.course.policy import FinalScore, Status, apply_policy
from autograder.course.preflight import refuse_unusable_inputs
from autograder.course.publish import PublishOptions, write_class
from autograder.course.reports import GradingSetup
from autograder.course.score_changes import compare_reports
from autograder.course.session import Session
from autograder.course.task import WorkerUnfit
from autograder.course.worker_pool import WorkerPool
from autograder.course.worker_setup import Settings
from autograder.engine.corpus import BadCorpus, load_mutants
from autograder.engine.executor import Executor
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import RubricError, load_rubric
from autograder.engine.secret import SecretError, course_secret
from autograder.engine.slips import refuse_bad_slips, slips_from_json, slips_to_json
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
    BadPast,
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

MODEL_CHECKS = "2d.model."  # checks that read saved models


@dataclass(frozen=True)
class ClassOptions:
    """Holds the options of `batch` that concern the class: see the help of the command."""

    out: Path
    settings: Settings
    regrade: bool = False
    apply: bool = False
    publish: PublishOptions = field(default_factory=PublishOptions)
    past: tuple[Path, ...] = ()


def grade_class(options: ClassOptions, export: Export, journal: Journal, pool: WorkerPool) -> int:
    """Grade the class and return the exit status. Raise `JournalError`, `PoolUnavailable`."""
    try:
        return _grade(options, export, journal, pool, Console())
    except SENTENCES as problem:
        print(problem, file=sys.stderr)
        return USAGE


def _grade(
    options: ClassOptions, export: Export, journal: Journal, pool: WorkerPool, console: Console
) -> int:
    for problem in export.problems:
        print(problem, file=sys.stderr)
    policy = options.publish.policy()  # report its errors now, not after grading
    past = read_past_terms(options.past)
    setup, wanted = prepare_class(options.settings, policy.repair_mode)
    refuse_unusable_inputs(export, setup, policy, options.publish.manual)
    applying = class_settings(setup)
    applied, earlier_slips = journal.applied(), journal.applied_settings().get(SLIPS, "[]")
    _refuse_unasked(options, applied, wanted, applying[SLIPS] != earlier_slips)
    if not applied:
        journal.apply(wanted.by_check, applying)
    session = Session(options.settings, wanted, setup, export, journal)
    with _open_executor(options.settings, wanted) as executor:
        submissions = SubmissionPool(setup.dataset, executor, past)
        session.grade(pool, console, submissions.add)  # read once, while grading
        for submission in session.submissions():
            submissions.add(submission)
    outcomes = tuple(session.outcomes())
    record = ClassRecord(export.source, setup.dataset, outcomes, export.missing)
    publish = options.publish
    tables = read_manual_scores(publish.manual, record)
    desk = class_manual_scores(tables, journal.readings(), record)
    problems = (*export.problems, *desk.undecided)
    if options.regrade:
        reports = [outcome.report for outcome in outcomes if outcome.report]
        earlier = session.reports(applied, slips_from_json(earlier_slips))
        print_regrade(compare_reports(earlier, reports), options.apply, console)
        if not options.apply:
            return _status(apply_policy(record, publish.policy(), desk.scores), problems)
    written = write_class(
        record, options.out, session.faults(), publish, desk.scores, submissions, export
    )
    write_note(options.out, BatchNote(export.path, publish))
    journal.apply(wanted.by_check, applying)
    notes = (*written.notes, *desk.undecided, *desk.notes)
    print_class(record, written.scores, options.out, notes, console)
    return _status(written.scores, problems)


def _open_executor(
    settings: Settings, wanted: Fingerprints
) -> AbstractContextManager[Executor | None]:
    """Return a sandbox to read models that were graded earlier; None if no models are graded."""
    if not any(name.startswith(MODEL_CHECKS) for name in wanted.by_check):
        return nullcontext()
    return closing(Sandbox(allow_unsafe=settings.allow_unsafe, tier=settings.tier))


def _status(scores: Sequence[FinalScore], problems: Sequence[str]) -> int:
    """Return the exit status: whether anything needs review."""
    open_yet = any(score.status is Status.NEEDS_REVIEW for score in scores)
    return NEEDS_REVIEW if problems or open_yet else DONE


def class_settings(setup: GradingSetup) -> dict[str, str]:
    """Return what decides the results of a class besides fingerprints, for the journal.

    The secret is there as a digest, so that another secret can be named as the reason.
    """
    digest = hmac.new(course_secret(), b"which course secret", "sha256").hexdigest()
    return {SLIPS: slips_to_json(setup.rubric.slips), SECRET: digest}


def prepare_class(settings: Settings, repair_mode: str) -> tuple[GradingSetup, Fingerprints]:
    """Return what all reports of a class share, and the fingerprints. Raise `SetupError`."""
    rubric, mutants = load_rubric(), load_mutants()
    refuse_bad_slips(rubric.slips, rubric.points, mutants)
    checks = select_checks(rubric, settings.check)
    setup = GradingSetup(rubric, settings.check, settings.dataset, settings.quick, repair_mode)
    secret = course_secret()
    fingerprints = compute_fingerprints(
        rubric, checks, mutants, secret, settings.dataset, settings.quick
    )
    if any(check.id.startswith("2c.") for check in checks):
        # If the stored table is out of date, measure it once here instead of in every worker.
        ModelEvaluator(settings.dataset, Oracle(), settings.quick).ptq_accuracies("sym")
    return setup, fingerprints


def _refuse_unasked(
    options: ClassOptions,
    applied: Mapping[str, str],
    wanted: Fingerprints,
    other_slips: bool,
) -> None:
    """Raise `SetupError` before results are mixed with others, or narrowed to fewer checks."""
    if options.regrade and not applied:
        raise SetupError(
            f"Nothing is graded in {options.out} yet. Run the command without --regrade first."
        )
    if set(applied) - set(wanted.by_check):
        raise SetupError(
            f"{options.out} contains scores of more checks than --check {options.settings.check}. "
            "Leave --check as it was, or choose another folder with --out."
        )
    changed = [name for name in applied if applied[name] != wanted.by_check[name]]
    if applied and other_slips and not changed and not options.regrade:
        raise SetupError(
            f"The scores in {options.out} were made with other slips in the rubric. Run with "
            "--regrade to list whose scores change, and with --regrade --apply to write them."
        )
    if changed and not options.regrade:
        raise SetupError(
            f"The scores in {options.out} were made with another grader, rubric, course secret, "
            f"data set, --quick or version: {len(changed)} checks may come out differently. Run "
            "with --regrade to list the changes, and with --regrade --apply to write them; or "
            "choose another folder with --out."
        )
