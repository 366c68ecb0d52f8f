"""The command `grade`: grade submissions, each independent of the others."""

import queue
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.checks.call import CallCheck
from autograder.commands.interruptible_threads import map_interruptibly
from autograder.course.progress import ProgressLines
from autograder.engine.record import Report
from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE
from autograder.grading.preparation import SetupError, prepare_grading, refuse_other_arithmetic
from autograder.grading.replay import replay
from autograder.grading.results_folder import ResultsFolder, UnwritableResults
from autograder.grading.submission import (
    GradingContext,
    Trace,
    as_imported,
    build_evidence,
    grade_submission,
    select_checks,
)
from autograder.report.terminal import print_replay, print_summary
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.intake.submission import (
    Submission,
    UnreadableSubmission,
    name_of,
    read_submission,
    unopened_submission,
)


@dataclass(frozen=True)
class GradeOptions:
    """Holds the options of `grade`.

    `replay` is the id of one check to show in full; then only its arrays are written, below `save`.
    `tier` is the letter of the only isolation tier to use.
    """

    paths: tuple[Path, ...]
    out: Path
    student: str | None = None
    check: str = "*"
    jobs: int = 1
    dataset: str = "cifar10"
    quick: bool = False
    replay: str | None = None
    save: Path | None = None
    allow_unsafe: bool = False
    tier: str | None = None


def grade(options: GradeOptions) -> int:
    """Grade the submissions and return the exit status. Print every error as a sentence."""
    console = Console()
    try:
        return _grade(options, console)
    except (SetupError, UnwritableResults) as problem:
        print(problem, file=sys.stderr)
        return USAGE


def read_all(paths: Sequence[Path], student: str | None) -> tuple[list[Submission], list[str]]:
    """Return the readable submissions, one per student, and a sentence per other path."""
    submissions: dict[str, Submission] = {}
    problems = []
    for path in paths:
        try:
            submission = read_submission(path, student)
        except UnreadableSubmission as problem:
            if not path.is_file():
                problems.append(str(problem))
                continue
            submission = unopened_submission(
                name_of(path) if student is None else student, str(problem)
            )
        if submission.student in submissions:
            problems.append(
                f"{path} is a second submission of {submission.student}; only the first is graded. "
                "Use --student to grade it under another id."
            )
            continue
        submissions[submission.student] = submission
    return list(submissions.values()), problems


def _grade(options: GradeOptions, console: Console) -> int:
    pattern = options.replay or options.check
    context = prepare_grading(
        options.dataset, pattern, options.quick, reveal=options.replay is not None
    )
    submissions, problems = read_all(options.paths, options.student)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not submissions:
        return USAGE
    results = None if options.replay else ResultsFolder(options.out)
    with ExitStack() as open_sandboxes:
        sandboxes = []
        try:
            for _ in range(min(options.jobs, len(submissions))):
                sandbox = Sandbox(allow_unsafe=options.allow_unsafe, tier=options.tier)
                sandboxes.append(open_sandboxes.enter_context(sandbox))
                refuse_other_arithmetic(sandbox.arithmetic)
        except IsolationUnavailable as problem:
            raise SetupError(str(problem)) from problem
        reports = _grade_all(submissions, context, sandboxes, results, console)
        if results is None:
            for submission, report in zip(submissions, reports, strict=True):
                _print_replay(submission, report, context, sandboxes[0], options.save, console)
    if results is not None:
        print_summary(reports, [results.page(report.student) for report in reports], console)
    return NEEDS_REVIEW if problems or any(report.needs_review for report in reports) else DONE


def _print_replay(
    submission: Submission,
    report: Report,
    context: GradingContext,
    executor: Sandbox,
    save: Path | None,
    console: Console,
) -> None:
    """Print the checks of a report, with the calls into solution.py and their results."""
    if submission.solution is not None:
        submission = as_imported(submission, executor.import_source(submission.solution))
    evidence = build_evidence(submission, context, executor)
    for result, check in zip(
        report.checks, select_checks(context.rubric, context.selected), strict=True
    ):
        replayed = replay(check, evidence) if isinstance(check, CallCheck) else None
        print_replay(result, replayed.lines() if replayed else (), console)
        if replayed is not None and save is not None:
            path = save / submission.student / f"{check.id}.npz"
            replayed.save(path)
            console.print(f"All values: {path}", soft_wrap=True)


def _grade_all(
    submissions: Sequence[Submission],
    context: GradingContext,
    sandboxes: Sequence[Sandbox],
    results: ResultsFolder | None,
    console: Console,
) -> list[Report]:
    """Grade in parallel, one sandbox each, and return the reports in order.

    A log gets lines of progress instead of bars.
    """
    logged = len(submissions) > 1 and not console.is_terminal
    lines = ProgressLines(len(submissions), console) if logged else None
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    free: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
    for sandbox in sandboxes:
        free.put(sandbox)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        total = len(select_checks(context.rubric, context.selected))

        def grade_one(submission: Submission) -> Report:
            executor, trace = free.get(), Trace()
            task = progress.add_task(submission.student, total=total)

            def on_report(report: Report) -> None:
                if results is not None:
                    results.write_report(report)
                progress.update(task, completed=len(trace.seconds))

            try:
                report = grade_submission(submission, context, executor, on_report, trace)
            finally:
                free.put(executor)
                progress.remove_task(task)
            if results is not None:
                results.write_final(report, trace)
            if lines is not None:
                lines.advance(Counter(check.verdict.value for check in report.checks))
            return report

        def end_checks() -> None:
            for sandbox in sandboxes:
                sandbox.interrupt()

        return map_interruptibly(grade_one, submissions, len(sandboxes), end_checks)
