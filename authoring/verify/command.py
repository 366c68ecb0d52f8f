"""The command `verify`: grade the corpus, print the matrix check x submission, report problems.

Alternatives must get every point. Mutants must lose points in the checks that they break and in no
other. Every check must fail some mutant. Every tolerance must be between the worst correct answer
and the nearest wrong one. Every mutant must cost something, and one of a slip at most its cap.
"""

import queue
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from authoring.examples import MissingModels, correct_answers
from authoring.verify import tolerances
from authoring.verify.answer_cache import RecordingExecutor, RecordingOracle
from authoring.verify.case_submissions import STUDENT, CorrectSubmission, load_correct
from authoring.verify.caught_by_patch import find_proposals, make_patch
from authoring.verify.console import print_matrix, print_slips, print_summary, print_tolerances
from authoring.verify.matrix import PERSON, GradedCase, Matrix, build_matrix, find_problems
from authoring.verify.other_cpu import SETTINGS, OtherCpuExecutor
from autograder.checks.base import Check, Evidence
from autograder.engine.corpus import (
    Alternative,
    BadCorpus,
    Mutant,
    load_alternatives,
    load_mutants,
)
from autograder.engine.executor import Executor
from autograder.engine.misconceptions import Misconceptions
from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE
from autograder.grading.preparation import SetupError, prepare_grading
from autograder.grading.submission import (
    GradingContext,
    build_evidence,
    grade_submission,
    select_checks,
)
from autograder.paths import reference_models
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable

Case = Mutant | Alternative


@dataclass(frozen=True)
class VerifyOptions:
    """Options of `verify`.

    Attributes:
        dataset: the data set that models are measured on.
        jobs: how many cases are graded at a time.
        out: keep the folders of wrong tables and damaged models here.
        check: a pattern of check ids; all but "*" prove only these, on the cases they concern.
        patch: write the proposed `caught_by` into this file instead of the terminal.
    """

    dataset: str
    jobs: int = 2
    out: Path | None = None
    check: str = "*"
    patch: Path | None = None


def verify(options: VerifyOptions) -> int:
    """Prove the checks and return the exit status, 1 if there are problems."""
    console = Console()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            return _verify(options, options.out or Path(scratch), console)
    except (SetupError, BadCorpus, IsolationUnavailable, MissingModels, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE


def _verify(options: VerifyOptions, folder: Path, console: Console) -> int:
    course = replace(prepare_grading(options.dataset, options.check), oracle=RecordingOracle())
    checks = select_checks(course.rubric, options.check)
    only = automatic_checks(course)
    cases: tuple[Case, ...] = (*load_alternatives(), *affected_mutants(load_mutants(), only))
    partial = options.check != "*"
    answers = "{}"
    if any(check.source in ("table", "model") for check in checks):
        console.print("Building correct tables and models.")
        answers = correct_answers(STUDENT, course.evaluator)
    models = reference_models(options.dataset)
    correct = load_correct(course.oracle.source, answers, models, folder)
    cache: dict[bytes, Any] = {}
    with ExitStack() as open_executors:
        executors: list[Executor] = [
            RecordingExecutor(open_executors.enter_context(Sandbox()), cache)
            for _ in range(options.jobs)
        ]
        matrix = grade_cases(cases, correct, course, executors, console)
        others = {
            setting: open_executors.enter_context(OtherCpuExecutor(environment))
            for setting, environment in ({} if partial else SETTINGS).items()
        }
        bounds = measure_tolerances(matrix, correct, course, executors[0], others, console)
    print_matrix(matrix, course.rubric, console)
    print_tolerances(bounds, course.rubric, console)
    print_slips(matrix, course.rubric, console)
    problems = [
        *find_problems(matrix, course.rubric.slips, only if partial else None),
        *tolerances.find_problems(bounds, course.rubric),
    ]
    print_summary(matrix, problems, console)
    _propose(make_patch(find_proposals(matrix, only)), options.patch, console)
    if partial:
        console.print(
            "Only some checks were proven, with the instructions of this processor. Run verify "
            "without --check at the end."
        )
    return NEEDS_REVIEW if problems else DONE


def automatic_checks(course: GradingContext) -> set[str]:
    """Return the ids of the selected checks that staff do not grade."""
    checks = select_checks(course.rubric, course.selected)
    return {check.id for check in checks if check.source != PERSON}


def affected_mutants(mutants: Sequence[Mutant], checks: Collection[str]) -> list[Mutant]:
    """Return the mutants that concern these checks.

    They are those of the families that declare one of the checks, and those that declare nothing.
    """
    families = {m.folder for m in mutants if any(map(m.may_be_caught_by, checks))}
    undeclared = {m.folder for m in mutants if not m.caught_by and not m.flagged}
    return [mutant for mutant in mutants if mutant.folder in families | undeclared]


def _propose(patch: str, file: Path | None, console: Console) -> None:
    """Print or write the proposed `caught_by`, if there is any. Raise `OSError`."""
    if not patch:
        return
    if file is None:
        console.print("Proposed caught_by; write it with --patch FILE, read it, `git apply FILE`:")
        print(patch, end="")
        return
    file.write_text(patch, encoding="utf-8")
    console.print(f"Proposed caught_by: read {file}, then git apply {file}.", soft_wrap=True)


def grade_cases(
    cases: Sequence[Case],
    correct: CorrectSubmission,
    course: GradingContext,
    executors: Sequence[Executor],
    console: Console,
) -> Matrix:
    """Grade every case in full, one at a time on each executor, and return the matrix."""
    free: queue.SimpleQueue[Executor] = queue.SimpleQueue()
    for executor in executors:
        free.put(executor)

    def grade_case(case: Case) -> GradedCase:
        submission, executor = correct.apply(case), free.get()
        try:
            return GradedCase(case, grade_submission(submission, course, executor))
        finally:
            free.put(executor)

    with ThreadPoolExecutor(max_workers=len(executors)) as pool:
        graded = pool.map(grade_case, cases)
        tracked = track(graded, "Grading", len(cases), console=console, transient=True)
        matrix = build_matrix(tracked)
    automatic = automatic_checks(course)
    return Matrix(tuple(check for check in matrix.checks if check in automatic), matrix.rows)


def measure_tolerances(
    matrix: Matrix,
    correct: CorrectSubmission,
    course: GradingContext,
    executor: Executor,
    others: dict[str, Any],
    console: Console,
) -> dict[str, tolerances.Bounds]:
    """Return the bounds of every tolerance by check, measured with this and `others` executors."""
    submissions = {row.name: correct.apply(row.case) for row in matrix.rows}
    unnamed = replace(course, misconceptions=Misconceptions(course.oracle.source, ()))

    def evidence_by(executor: Executor) -> Callable[[str], Evidence]:
        return lambda name: build_evidence(submissions[name], unnamed, executor)

    toleranced: list[Check] = [
        check
        for check in select_checks(course.rubric, course.selected)
        if course.rubric.items[check.id].tolerance is not None
    ]
    bounds: dict[str, tolerances.Bounds] = {}
    evidence = evidence_by(executor)
    elsewhere = {name: evidence_by(RecordingExecutor(o, {})) for name, o in others.items()}
    for check in track(toleranced, "Measuring tolerances", console=console, transient=True):
        bounds |= tolerances.measure_bounds(matrix, [check], course.rubric, evidence, elsewhere)
    return bounds
