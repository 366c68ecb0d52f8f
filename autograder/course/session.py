"""Run one class: read its submissions, grade what the journal lacks, return the outcomes.

Submissions are read one by one, and only what a report needs is kept. Those without rows in the
journal come first. After a crash grading continues at once, while the others are compared with the
journal.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from rich.console import Console

from autograder.course.audit.model_changes import Changes
from autograder.course.class_record import Outcome
from autograder.course.documents import documents_digest
from autograder.course.fingerprints import Fingerprints, submission_digest
from autograder.course.journal import Journal, Row
from autograder.course.progress import show_progress
from autograder.course.reports import GradingSetup, ParsedSubmission
from autograder.course.task import Task, TaskResult
from autograder.course.task_runner import run
from autograder.course.worker_pool import WorkerPool
from autograder.course.worker_setup import Settings
from autograder.engine.record import Report
from autograder.engine.slips import Slip
from autograder.platforms import Export
from autograder.platforms.export_entry import ExportEntry
from quantlab.intake.submission import Submission, UnreadableSubmission


class Session:
    """Grades one class and holds what its reports need."""

    def __init__(
        self,
        settings: Settings,
        fingerprints: Fingerprints,
        setup: GradingSetup,
        export: Export,
        journal: Journal,
    ) -> None:
        """Prepare a run; `fingerprints` are those of the current kit."""
        self._settings = settings
        self._fingerprints = fingerprints
        self._setup = setup
        self._export = export
        self._journal = journal
        self._parsed: dict[str, ParsedSubmission] = {}

    def grade(
        self, pool: WorkerPool, console: Console, on_graded: Callable[[Submission, Changes], None]
    ) -> None:
        """Grade everything that the journal lacks. Raise the errors of `task_runner.run`.

        `on_graded` is called after each submission, with the recorded changes of its models.
        """
        with show_progress(len(self._export.entries), console) as progress:

            def finished(task: Task, done: TaskResult) -> None:
                self._journal.add(done.rows)
                if not task.fresh:  # a second try has been counted
                    progress.advance(self._verdicts(task.submission.student))
                    on_graded(task.submission, done.changes)

            def tasks() -> Iterator[Task]:
                for entry in self._in_order():
                    task = self._task(entry, pool.reaches_files)
                    if task is not None:
                        yield task
                    else:
                        progress.skip(self._verdicts(entry.student))

            run(tasks(), pool, finished, self._again)

    def outcomes(self, by_check: Mapping[str, str] | None = None) -> Iterator[Outcome]:
        """Yield the outcome of every submission, for the current fingerprints or `by_check`."""
        for entry in self._export.entries:
            parsed = self._parsed[entry.student]
            yield self._setup.outcome(
                parsed, self._rows(parsed, by_check or self._fingerprints.by_check)
            )

    def reports(
        self, by_check: Mapping[str, str], slips: tuple[Slip, ...]
    ) -> dict[str, Report | None]:
        """Return {student: report} for earlier fingerprints and slips; None if incomplete."""
        setup = replace(self._setup, rubric=replace(self._setup.rubric, slips=slips))
        by_student: dict[str, Report | None] = {}
        for student, parsed in self._parsed.items():
            rows = self._rows(parsed, by_check)
            if parsed.submission is None or rows.keys() != by_check.keys():
                by_student[student] = None
            else:
                by_student[student] = setup.report(parsed.submission, rows)
        return by_student

    def faults(self) -> dict[str, dict[str, str]]:
        """Return the tracebacks of grader faults, {student: {check: traceback}}."""
        by_student = {}
        for student, parsed in self._parsed.items():
            rows = self._rows(parsed, self._fingerprints.by_check)
            failed = {name: row.fault for name, row in rows.items() if row.fault}
            if failed:
                by_student[student] = failed
        return by_student

    def submissions(self) -> Iterator[Submission]:
        """Yield the readable submissions again, one after the other."""
        for entry in self._export.entries:
            with suppress(UnreadableSubmission):
                yield self._export.submission(entry)

    def _in_order(self) -> list[ExportEntry]:
        begun = self._journal.students()
        return sorted(self._export.entries, key=lambda entry: entry.student in begun)

    def _task(self, entry: ExportEntry, reaches_files: bool) -> Task | None:
        """Return the task of a submission, None if nothing is left to grade."""
        try:
            submission = self._export.submission(entry)
        except UnreadableSubmission as problem:
            self._parsed[entry.student] = ParsedSubmission(entry, None, problem=str(problem))
            return None
        parsed = ParsedSubmission(
            entry,
            replace(submission, models={}),
            submission_digest(submission),
            documents=documents_digest(self._export, entry),
        )
        self._parsed[entry.student] = parsed
        finished, used = self._finished(parsed)
        if finished == self._fingerprints.by_check.keys():
            return None
        return Task(
            submission=submission,
            content=parsed.content,
            settings=self._settings,
            fingerprints=self._fingerprints.digest,
            finished=finished,
            used=used,
            journal=self._journal.path.resolve() if reaches_files else None,
        )

    def _again(self, task: Task) -> Task:
        """Return the same task without the checks finished since."""
        finished, used = self._finished(self._parsed[task.submission.student])
        return replace(task, finished=finished, used=used)

    def _finished(self, parsed: ParsedSubmission) -> tuple[frozenset[str], float]:
        rows = [
            row for row in self._rows(parsed, self._fingerprints.by_check).values() if row.finished
        ]
        return frozenset(row.check for row in rows), max((row.used for row in rows), default=0.0)

    def _rows(self, parsed: ParsedSubmission, by_check: Mapping[str, str]) -> dict[str, Row]:
        if parsed.submission is None:
            return {}
        return self._journal.rows(parsed.submission.student, parsed.content, by_check)

    def _verdicts(self, student: str) -> Counter[str]:
        rows = self._rows(self._parsed[student], self._fingerprints.by_check)
        return Counter(row.graded.result.verdict.value for row in rows.values())
