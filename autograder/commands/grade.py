"""The command `grade`: many submissions, each marked by itself, none able to stop the others."""

import queue
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.checks.call import CallCheck
from autograder.engine.record import Report
from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE
from autograder.grading.preparation import SetupError, prepare_grading, refuse_other_arithmetic
from autograder.grading.replay import replay
from autograder.grading.results_folder import ResultsFolder, UnwritableResults
from autograder.grading.submission import (
    GradingContext,
    Trace,
    build_evidence,
    grade_submission,
    select_checks,
)
from autograder.intake.submission import (
    Submission,
    UnreadableSubmission,
    name_of,
    read_submission,
    unopened_submission,
)
from autograder.report.terminal import print_replay, print_summary
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable


@dataclass(frozen=True)
class GradeOptions:
    """What `grade` was asked for.

    `replay` is one check's id: shown in full, and nothing is written but its arrays below `save`.
    `tier` is the letter of the only tier of isolation that will do.
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
    """Mark the submissions; returns the exit status. Everything that goes wrong is a sentence."""
    console = Console()
    try:
        return _grade(options, console)
    except (SetupError, UnwritableResults) as problem:
        print(problem, file=sys.stderr)
        return USAGE


def read_all(paths: Sequence[Path], student: str | None) -> tuple[list[Submission], list[str]]:
    """The submissions that can be read, one per student, and a sentence for each other path."""
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
                f"{path} is a second submission of {submission.student}; only the first is marked. "
                "Use --student to mark it under another id."
            )
            continue
        submissions[submission.student] = submission
    return list(submissions.values()), problems


def _grade(options: GradeOptions, console: Console) -> int:
    pattern = options.replay or options.check
    course = prepare_grading(
        options.dataset, pattern, options.quick, reveal=options.replay is not None
    )
    submissions, problems = read_all(options.paths, options.student)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not submissions:
        return USAGE
    results = None if options.replay else ResultsFolder(options.out)
    with ExitStack() as open_sandboxes:
        players: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
        try:
            for _ in range(min(options.jobs, len(submissions))):
                sandbox = Sandbox(allow_unsafe=options.allow_unsafe, tier=options.tier)
                players.put(open_sandboxes.enter_context(sandbox))
                refuse_other_arithmetic(sandbox.arithmetic)
        except IsolationUnavailable as problem:
            raise SetupError(str(problem)) from problem
        reports = _mark_all(submissions, course, players, results, console)
        if results is None:
            executor = players.get()
            for submission, report in zip(submissions, reports, strict=True):
                _show_again(submission, report, course, executor, options.save, console)
    if results is not None:
        print_summary(reports, [results.page(report.student) for report in reports], console)
    return NEEDS_REVIEW if problems or any(report.needs_review for report in reports) else DONE


def _show_again(
    submission: Submission,
    report: Report,
    course: GradingContext,
    executor: Sandbox,
    save: Path | None,
    console: Console,
) -> None:
    """The checks of one report, and of those that call into solution.py what was asked and came."""
    evidence = build_evidence(submission, course, executor)
    for result, check in zip(
        report.checks, select_checks(course.rubric, course.selected), strict=True
    ):
        played = replay(check, evidence) if isinstance(check, CallCheck) else None
        print_replay(result, played.lines() if played else (), console)
        if played is not None and save is not None:
            path = save / submission.student / f"{check.id}.npz"
            played.save(path)
            console.print(f"All values: {path}", soft_wrap=True)


def _mark_all(
    submissions: Sequence[Submission],
    course: GradingContext,
    players: "queue.SimpleQueue[Sandbox]",
    results: ResultsFolder | None,
    console: Console,
) -> list[Report]:
    """Marked in parallel, one sandbox each; the reports in the order of the submissions."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress,
        ThreadPoolExecutor(max_workers=players.qsize()) as pool,
    ):
        total = len(select_checks(course.rubric, course.selected))

        def one(submission: Submission) -> Report:
            executor, trace = players.get(), Trace()
            task = progress.add_task(submission.student, total=total)

            def on_report(report: Report) -> None:
                if results is not None:
                    results.write_report(report)
                progress.update(task, completed=len(trace.seconds))

            try:
                report = grade_submission(submission, course, executor, on_report, trace)
            finally:
                players.put(executor)
                progress.remove_task(task)
            if results is not None:
                results.write_final(report, trace)
            return report

        futures = [pool.submit(one, submission) for submission in submissions]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
