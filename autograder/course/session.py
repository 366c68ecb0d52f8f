"""One run over one class: reads hand-ins, has marked what the journal lacks, gives the outcomes.

Hand-ins are read one by one, and only what a report needs of them is kept. Those of whom the
journal knows nothing come first: after a crash work goes on at once, and who was marked before is
looked through while others are being marked.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from autograder.course.audit.changes import Changes
from autograder.course.class_record import Outcome
from autograder.course.fingerprints import Conditions, submission_digest
from autograder.course.journal import Journal, Row
from autograder.course.reports import Marking, Seen
from autograder.course.runner import run
from autograder.course.task import Done, Task
from autograder.course.worker_pool import Crew
from autograder.course.worker_setup import Settings
from autograder.engine.record import Report
from autograder.intake.submission import Submission, UnreadableSubmission
from autograder.platforms import Export
from autograder.platforms.export_entry import ExportEntry

_SHOWN = 5  # verdicts beside the bar


class Session:
    """`conditions` are those under which everything is to be marked now."""

    def __init__(
        self,
        settings: Settings,
        conditions: Conditions,
        marking: Marking,
        export: Export,
        journal: Journal,
    ) -> None:
        self._settings = settings
        self._conditions = conditions
        self._marking = marking
        self._export = export
        self._journal = journal
        self._seen: dict[str, Seen] = {}

    def mark(
        self, crew: Crew, console: Console, marked: Callable[[Submission, Changes], None]
    ) -> None:
        """Have everything marked that the journal has not got; `marked` hears of each at once.

        It is given what was noted of its models, too. Raises what `runner.run` does.
        """
        columns = (
            TextColumn("Marking"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[verdicts]}"),
        )
        verdicts: Counter[str] = Counter()
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task("", total=len(self._export.handins), verdicts="")

            def show(student: str) -> None:
                rows = self._rows(self._seen[student], self._conditions.decides)
                verdicts.update(row.marked.result.verdict.value for row in rows.values())
                told = ", ".join(
                    f"{count:,} {name}" for name, count in verdicts.most_common(_SHOWN)
                )
                progress.update(bar, verdicts=told)

            def finished(task: Task, done: Done) -> None:
                self._journal.add(done.rows)
                if not task.fresh:  # a second try has been counted
                    progress.advance(bar)
                    show(task.submission.student)
                    marked(task.submission, done.changes)

            def tasks() -> Iterator[Task]:
                for handin in self._in_order():
                    task = self._task(handin, crew.reaches_files)
                    if task is not None:
                        yield task
                        continue
                    # Work that was done before says nothing of how long the rest takes.
                    self._one_less(progress, bar)
                    show(handin.student)

            run(tasks(), crew, finished, self._again)

    def outcomes(self, decides: Mapping[str, str] | None = None) -> Iterator[Outcome]:
        """Of every hand-in, as marked under the conditions of now, or those of `decides`."""
        for handin in self._export.handins:
            seen = self._seen[handin.student]
            yield self._marking.outcome(seen, self._rows(seen, decides or self._conditions.decides))

    def reports(self, decides: Mapping[str, str]) -> dict[str, Report | None]:
        """By student, the complete report under the conditions of then, None if there is none."""
        found: dict[str, Report | None] = {}
        for student, seen in self._seen.items():
            rows = self._rows(seen, decides)
            if seen.submission is None or rows.keys() != decides.keys():
                found[student] = None
            else:
                found[student] = self._marking.report(seen.submission, rows)
        return found

    def faults(self) -> dict[str, dict[str, str]]:
        """The tracebacks of the grader's own failures, by student and check."""
        found = {}
        for student, seen in self._seen.items():
            rows = self._rows(seen, self._conditions.decides)
            failed = {name: row.fault for name, row in rows.items() if row.fault}
            if failed:
                found[student] = failed
        return found

    def submissions(self) -> Iterator[Submission]:
        """All that can be read, one after the other, again."""
        for handin in self._export.handins:
            with suppress(UnreadableSubmission):
                yield self._export.submission(handin)

    def _in_order(self) -> list[ExportEntry]:
        known = self._journal.students()
        return sorted(self._export.handins, key=lambda handin: handin.student in known)

    def _task(self, handin: ExportEntry, reaches_files: bool) -> Task | None:
        """What is left to do for a hand-in, None if that is nothing."""
        try:
            submission = self._export.submission(handin)
        except UnreadableSubmission as problem:
            self._seen[handin.student] = Seen(handin, None, problem=str(problem))
            return None
        seen = Seen(handin, replace(submission, models={}), submission_digest(submission))
        self._seen[handin.student] = seen
        finished, used = self._finished(seen)
        if finished == self._conditions.decides.keys():
            return None
        return Task(
            submission=submission,
            content=seen.content,
            settings=self._settings,
            conditions=self._conditions.digest,
            finished=finished,
            used=used,
            journal=self._journal.path.resolve() if reaches_files else None,
        )

    def _again(self, task: Task) -> Task:
        """The same task without what has been finished since."""
        finished, used = self._finished(self._seen[task.submission.student])
        return replace(task, finished=finished, used=used)

    def _finished(self, seen: Seen) -> tuple[frozenset[str], float]:
        rows = [row for row in self._rows(seen, self._conditions.decides).values() if row.finished]
        return frozenset(row.check for row in rows), max((row.used for row in rows), default=0.0)

    def _rows(self, seen: Seen, decides: Mapping[str, str]) -> dict[str, Row]:
        if seen.submission is None:
            return {}
        return self._journal.rows(seen.submission.student, seen.content, decides)

    @staticmethod
    def _one_less(progress: Progress, bar: TaskID) -> None:
        progress.update(bar, total=(progress.tasks[0].total or 1) - 1)
