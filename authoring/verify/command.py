"""The command `verify`: marks every known submission, prints the matrix, and says what is wrong.

Alternatives must get every point, mutants must lose theirs in the checks that they break and in no
other, every check must take points from somebody, and every tolerance must stand between the worst
right answer and the nearest mistake.
"""

import queue
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from authoring.examples import MissingModels, right_record
from authoring.verify import tolerances
from authoring.verify.console import print_matrix, print_outcome, print_tolerances
from authoring.verify.folders import STUDENT, Right, right
from authoring.verify.matrix import PERSON, Matrix, Row, complaints, matrix
from authoring.verify.other_cpu import CIRCUMSTANCES, Elsewhere
from authoring.verify.recording import RecordingOracle, RecordingPlayer
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

Known = Mutant | Alternative


@dataclass(frozen=True)
class VerifyOptions:
    """What `verify` was asked for. `out` keeps the folders of wrong tables and damaged models."""

    dataset: str
    jobs: int = 2
    out: Path | None = None


def verify(options: VerifyOptions) -> int:
    """Prove the checks; returns the exit status, 1 where something is to be mended."""
    console = Console()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            return _verify(options, options.out or Path(scratch), console)
    except (SetupError, BadCorpus, IsolationUnavailable, MissingModels, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE


def _verify(options: VerifyOptions, folder: Path, console: Console) -> int:
    course = replace(prepare_grading(options.dataset, "*"), oracle=RecordingOracle())
    known: tuple[Known, ...] = (*load_alternatives(), *load_mutants())
    console.print("Making right tables and models.")
    record = right_record(STUDENT, course.evaluator)
    start = right(course.oracle.source, record, reference_models(options.dataset), folder)
    memory: dict[bytes, Any] = {}
    with ExitStack() as open_players:
        players: list[Executor] = [
            RecordingPlayer(open_players.enter_context(Sandbox()), memory)
            for _ in range(options.jobs)
        ]
        found = mark_known(known, start, course, players, console)
        elsewhere = {
            circumstance: open_players.enter_context(Elsewhere(environment))
            for circumstance, environment in CIRCUMSTANCES.items()
        }
        measured = measure_tolerances(found, start, course, players[0], elsewhere, console)
    print_matrix(found, course.rubric, console)
    print_tolerances(measured, course.rubric, console)
    wrong = [*complaints(found), *tolerances.complaints(measured, course.rubric)]
    print_outcome(found, wrong, console)
    return NEEDS_REVIEW if wrong else DONE


def mark_known(
    known: Sequence[Known],
    start: Right,
    course: GradingContext,
    players: Sequence[Executor],
    console: Console,
) -> Matrix:
    """Every known submission marked in full, one player each at a time."""
    free: queue.SimpleQueue[Executor] = queue.SimpleQueue()
    for executor in players:
        free.put(executor)

    def row(one: Known) -> Row:
        submission, executor = start.submission(one), free.get()
        try:
            return Row(one, grade_submission(submission, course, executor))
        finally:
            free.put(executor)

    with ThreadPoolExecutor(max_workers=len(players)) as pool:
        rows = pool.map(row, known)
        shown = track(rows, "Marking", len(known), console=console, transient=True)
        found = matrix(shown)
    automatic = {check.id for check in select_checks(course.rubric, "*") if check.source != PERSON}
    return Matrix(tuple(check for check in found.checks if check in automatic), found.rows)


def measure_tolerances(
    found: Matrix,
    start: Right,
    course: GradingContext,
    executor: Executor,
    elsewhere: dict[str, Any],
    console: Console,
) -> dict[str, tolerances.Bounds]:
    """The bounds of every tolerance, from recorded answers and from those made elsewhere."""
    submissions = {row.name: start.submission(row.known) for row in found.rows}

    unnamed = replace(course, misconceptions=Misconceptions(course.oracle.source, ()))

    def evidence_by(executor: Executor) -> Callable[[str], Evidence]:
        return lambda name: build_evidence(submissions[name], unnamed, executor)

    toleranced: list[Check] = [
        check
        for check in select_checks(course.rubric, "*")
        if course.rubric.items[check.id].tolerance is not None
    ]
    measured: dict[str, tolerances.Bounds] = {}
    places = {name: evidence_by(RecordingPlayer(p, {})) for name, p in elsewhere.items()}
    for check in track(toleranced, "Trying tolerances", console=console, transient=True):
        one = tolerances.bounds(found, [check], course.rubric, evidence_by(executor), places)
        measured.update(one)
    return measured
