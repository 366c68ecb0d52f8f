"""Write the viva sheets of a class: read it again, make the sheets on workers, write the pages."""

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from autograder.course.audit.audit_finding import Audit
from autograder.course.graded_class import GradedClass
from autograder.course.outputs import STAFF
from autograder.course.outputs.audit_page import read_audit
from autograder.course.worker_pool import PoolUnavailable, WorkerPool
from autograder.course.worker_setup import Settings, open_sandbox
from autograder.engine.oracle import Oracle
from autograder.engine.secret import course_secret
from autograder.errors import AutograderError
from autograder.viva.pages import write_pages
from autograder.viva.question import Sheet
from autograder.viva.selection import Selected, select_students
from autograder.viva.sheet import VivaTask, broken_functions, lost_checks, make_sheet
from quantlab.intake.names import quote_name
from quantlab.intake.submission import MODELS, Submission, UnreadableSubmission
from quantlab.paths import KIT

_REPORTED = 50  # sheets between two lines of progress
_DIED = (
    "A process that makes the sheets ended early, perhaps for lack of memory. Lower --jobs "
    "and run the same command again."
)


@dataclass(frozen=True)
class VivaChoice:
    """Hold which sheets to write; see the help of the command `viva`."""

    sample: int | None = None
    seed: int = 0
    students: tuple[str, ...] = ()


@dataclass(frozen=True)
class VivaSheets:
    """Hold the sheets in the order of `selected`, the folder, and sentences for staff."""

    sheets: tuple[Sheet, ...]
    selected: tuple[Selected, ...]
    folder: Path
    notes: tuple[str, ...]


def write_viva(
    graded: GradedClass,
    choice: VivaChoice,
    pool: WorkerPool,
    settings: Settings,
    progress: Callable[[str], None] = lambda line: print(line, file=sys.stderr),
) -> VivaSheets:
    """Make the sheets and write OUT/staff/viva.

    Raises:
        UnknownStudent: A chosen student has no submission.
        IsolationUnavailable, SecretError: Student code can't run, or there is no secret.
        PoolUnavailable: A worker died.
        OSError: A file can't be written.
    """
    audit, notes = _read_audit(graded.out)
    secret = course_secret()
    selected = select_students(
        graded.record, audit, secret, choice.sample, choice.seed, choice.students
    )
    by_student: dict[str, Sheet] = {}
    for sheet in _make_sheets(_tasks(graded, selected, choice.seed), pool, settings):
        by_student[sheet.student] = sheet
        if len(by_student) % _REPORTED == 0:
            progress(f"{len(by_student):,} of {len(selected):,} sheets")
    sheets = tuple(by_student[each.student] for each in selected)
    folder = write_pages(graded.out / STAFF, graded.policy.title, sheets, selected)
    return VivaSheets(sheets, tuple(selected), folder, notes)


def run_task(task: VivaTask, settings: Settings) -> Sheet:
    """Make one sheet in this process, whose sandbox is started once. Raises as `write_viva`.

    A fault of the kit on one submission costs only the questions of this student.
    """
    sandbox = open_sandbox(settings.tier, settings.allow_unsafe)
    oracle, secret, starter = _oracle(), course_secret(), _starter()
    try:
        return make_sheet(task, sandbox, oracle, secret, starter)
    except AutograderError:
        raise
    except Exception as error:
        reason = f"the kit failed with {type(error).__name__}, {quote_name(str(error))}"
        return Sheet(task.student, (), f"no question: {reason}.")


def _tasks(graded: GradedClass, selected: Sequence[Selected], seed: int) -> Iterator[VivaTask]:
    for each in selected:
        report = each.outcome.report
        try:
            submission = graded.export.submission(each.outcome.entry)
        except UnreadableSubmission:
            submission = Submission(each.student)
        yield VivaTask(
            each.student, _small(submission), lost_checks(report), broken_functions(report), seed
        )


def _small(submission: Submission) -> Submission:
    """Return a submission with the models that questions are asked about."""
    models = {name: content for name, content in submission.models.items() if name in MODELS}
    return replace(submission, models=models)


def _make_sheets(
    tasks: Iterator[VivaTask], pool: WorkerPool, settings: Settings
) -> Iterator[Sheet]:
    """Yield the sheets of all tasks as they are finished, a few tasks at a time."""
    with pool.open() as executor:
        running: set[Future[Sheet]] = set()
        try:
            for task in tasks:
                running.add(executor.submit(run_task, task, settings))
                while len(running) >= pool.width(executor):
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in finished)
            yield from (future.result() for future in running)
        except pool.died as error:
            raise PoolUnavailable(_DIED) from error


def _read_audit(out: Path) -> tuple[Audit, tuple[str, ...]]:
    """Return the findings of the last audit, and a sentence if there are none to read."""
    path = out / STAFF / "audit.json"
    try:
        return read_audit(path.read_text(encoding="utf-8")), ()
    except (OSError, ValueError):
        return Audit(()), (
            f"{path} can't be read, so the order ignores the audit. Run audit first.",
        )


@functools.cache
def _oracle() -> Oracle:
    torch.set_num_threads(1)  # the other cores have workers of their own
    return Oracle()


@functools.cache
def _starter() -> frozenset[str]:
    """Return the lines of the code that students receive, without white space around them."""
    text = (KIT / "solution.py").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in text.splitlines())
