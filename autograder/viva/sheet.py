"""Choose the three questions of one student."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from numpy.random import Generator

from autograder.engine.executor import Executor
from autograder.engine.oracle import Oracle
from autograder.engine.record import Report, Verdict
from autograder.engine.secret import StudentRandom
from autograder.viva import from_code, from_files
from autograder.viva.probes import PREFIXES
from autograder.viva.question import Question, Sheet
from quantlab.intake.submission import Submission

QUESTIONS = 3
NO_ANSWER = frozenset(
    {
        Verdict.ERROR,
        Verdict.TIMEOUT,
        Verdict.MEMORY,
        Verdict.CRASH,
        Verdict.BAD_REPLY,
        Verdict.MISSING,
        Verdict.BLOCKED,
    }
)

Source = Callable[[], list[Question] | str]


@dataclass(frozen=True)
class VivaTask:
    """Hold what decides the sheet of one student.

    Attributes:
        student: The id that the numbers are drawn for.
        submission: The files; of a group, those that all members submitted.
        lost: Checks of functions that lost points, with the sentence of a named mistake or "".
        broken: Prefixes of checks of functions that never returned.
        seed: Other seeds draw other questions.
    """

    student: str
    submission: Submission
    lost: Mapping[str, str] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    seed: int = 0


def lost_checks(report: Report | None) -> dict[str, str]:
    """Return the checks of functions that lost points: {id: sentence of the mistake or ""}."""
    return {
        check.id: check.misconception.sentence if check.misconception else ""
        for check in (report.checks if report else ())
        if check.source == "call"
        and check.points < check.max_points
        and not check.verdict.needs_staff
    }


def broken_functions(report: Report | None) -> frozenset[str]:
    """Return the prefixes of checks of which none got an answer, or one was not in time."""
    verdicts: dict[str, list[Verdict]] = {prefix: [] for prefix in PREFIXES}
    for check in report.checks if report else ():
        for prefix, of_function in verdicts.items():
            if check.id.startswith(prefix):
                of_function.append(check.verdict)
    return frozenset(
        prefix
        for prefix, of_function in verdicts.items()
        if of_function and (NO_ANSWER.issuperset(of_function) or Verdict.TIMEOUT in of_function)
    )


def make_sheet(
    task: VivaTask, executor: Executor, oracle: Oracle, secret: bytes, starter: Collection[str]
) -> Sheet:
    """Return the sheet of one student: three questions of different kinds, if there are as many.

    `starter` are the lines of the code that students received.
    """
    drawn = StudentRandom(secret, task.student)

    def rng(purpose: str) -> Generator:
        return drawn.generator(f"viva {task.seed} {purpose}")

    submission = task.submission
    kinds: list[Source] = []
    reasons: list[str] = []
    if submission.solution is None:
        reasons.append("there is no solution.py")
    else:
        run = from_code.run_code(
            executor, oracle, submission.solution, rng("numbers"), task.lost, task.broken
        )
        kinds = [
            lambda: from_code.wrong_questions(run, rng("wrong")),
            lambda: from_code.edit_questions(executor, run, rng("edit"), starter),
            lambda: from_code.codes_questions(executor, run, rng("codes")),
        ]
    answers = submission.answers
    from_all_files: list[Source] = [
        lambda: from_files.model_questions(executor, submission.models, rng("model")),
        lambda: from_files.table_questions(answers, rng("table")),
        lambda: from_files.width_questions(answers, rng("widths")),
    ]
    kinds += [from_all_files[int(place)] for place in rng("files").permutation(3)]
    questions = _choose(kinds, reasons)
    fewer = ""
    if len(questions) < QUESTIONS:
        fewer = f"{_count(len(questions))}: {'; '.join(dict.fromkeys(reasons))}."
    return Sheet(task.student, tuple(questions), fewer)


def _choose(sources: Collection[Source], reasons: list[str]) -> list[Question]:
    """Return three questions: the first of each kind, then second ones.

    Why a kind has none is added to `reasons`.
    """
    chosen: list[Question] = []
    second: list[Question] = []
    for source in sources:
        questions = source()
        if isinstance(questions, str):
            reasons.append(questions)
            continue
        chosen.append(questions[0])
        second += questions[1:]
        if len(chosen) == QUESTIONS:
            break
    return [*chosen, *second][:QUESTIONS]


def _count(number: int) -> str:
    return {0: "no question", 1: "one question only"}.get(number, "two questions only")
