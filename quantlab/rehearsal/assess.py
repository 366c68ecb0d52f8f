"""Say what the grader would make of a submission, from what intake and the fresh process report.

`assess` is a pure function. It reviews as `autograder.grading.review` does: a test compares them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quantlab.formats.answers import Answers
from quantlab.formats.submission_files import PACKED
from quantlab.intake.role_states import RoleState, role_states
from quantlab.intake.roles import ANSWERS, ROLES, SOLUTION, VARIABLE
from quantlab.intake.submission import Submission
from quantlab.protocol.repair import Imported, import_notes
from quantlab.protocol.run_public_checks import MISSING, RIGHT
from quantlab.rehearsal.steps import CHECK, MODEL, StepResult

RESTRICTIONS = (
    "Tried in a fresh Python process, without the variables of your notebook. Files, the network "
    "and other programs were refused, as the grader refuses them. The grader is stricter, and also "
    "limits time and memory."
)


@dataclass(frozen=True)
class FileLine:
    """One line of the table: a file, what it is used for, and what is wrong with it.

    Attributes:
        file: Its path in the submission, or a name if it was refused.
        used_for: A role, "" if it is not used.
        is_right: Whether the grader would use it as it is, and it is finished.
        sentence: What to know about it, "" if there is nothing.
    """

    file: str
    used_for: str
    is_right: bool
    sentence: str = ""


@dataclass(frozen=True)
class Rehearsal:
    """What the grader would make of a submission.

    Attributes:
        files: Every file that is used, or that could be what is missing.
        missing: The roles without a file.
        notes: Sentences on how the files were understood.
        review: Why staff would look at the submission before its score is final.
    """

    files: tuple[FileLine, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    review: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Return whether every role is filled and finished, and nothing needs a look."""
        return not (self.missing or self.review) and all(line.is_right for line in self.files)


def assess(
    submission: Submission,
    results: Sequence[StepResult],
    imported: Imported | None,
    unfinished: Mapping[str, str],
) -> Rehearsal:
    """Return what the grader would make of `submission`.

    Args:
        submission: What intake read.
        results: How the steps in the fresh process ended.
        imported: How solution.py was imported; None if there is none.
        unfinished: What the student has still to do, by role (`quantlab.rehearsal.unfinished`).
    """
    problems = dict(submission.problems)
    notes = [*submission.notes, *submission.repairs]
    notes += import_notes(imported) if imported is not None else ()
    for result in results:
        if result.step.kind == MODEL:
            if result.outcome == RIGHT:
                notes += result.lines
            else:
                problems[result.step.name] = result.lines[0]
    states = role_states(submission, problems)
    del states[VARIABLE]  # optional
    without_file = (RoleState.EMPTY, RoleState.FILLABLE)
    missing = tuple(role for role, state in states.items() if state in without_file)
    return Rehearsal(
        files=(
            *_used(submission, problems, results, imported, unfinished),
            *_unused(submission, problems),
        ),
        missing=missing,
        notes=tuple(notes),
        review=(
            *problems.values(),
            *(_answers_review(submission.answers) if submission.answers is not None else ()),
            *_solution_review(submission, results, imported),
            *(file.sentence for file in submission.unused if set(file.roles) & set(missing)),
        ),
    )


def _used(
    submission: Submission,
    problems: Mapping[str, str],
    results: Sequence[StepResult],
    imported: Imported | None,
    unfinished: Mapping[str, str],
) -> Iterator[FileLine]:
    """Yield the files that have a role, in the order of the roles."""
    files: dict[str, list[str]] = {}
    for path, role in submission.used.items():
        files.setdefault(role, []).append(path)
    for role in (*ROLES, PACKED):
        is_right, sentence = role not in problems, problems.get(role, "")
        if role == SOLUTION and imported is not None:
            is_right, sentence = _solution_line(results, imported)
        elif role == ANSWERS and submission.answers is not None:
            unclear = _answers_review(submission.answers)
            is_right = not unclear
            sentence = f"by {submission.answers.student}, on {submission.answers.dataset}."
            sentence = " ".join(unclear) or sentence
        if role in unfinished:
            is_right, sentence = False, " ".join(filter(None, [sentence, unfinished[role]]))
        paths = files.pop(role, [])
        if paths or sentence:
            yield FileLine(", ".join(paths) or role, role if paths else "", is_right, sentence)


def _answers_review(answers: Answers) -> list[str]:
    """Return why staff would look at the tables."""
    fractions = [
        f"{cell} {method}"
        for cell, methods in answers.table1["ptq"].items()
        for method, value in methods.items()
        if value is not None and 0 < value <= 1
    ]
    sentences = [*answers.unread.values()]
    if fractions:
        cells = ", ".join(fractions)
        sentences.append(f"{ANSWERS} seems to hold fractions where percentages belong ({cells}).")
    return sentences


def _unused(submission: Submission, problems: Mapping[str, str]) -> Iterator[FileLine]:
    """Yield the files that could be what is missing, once for each sentence not in `problems`."""
    paths: dict[str, str] = {}
    for file in submission.unused:
        paths.setdefault(file.sentence, file.path)
    for sentence, path in paths.items():
        if sentence not in problems.values():
            yield FileLine(path, "", False, sentence)


def _solution_line(results: Sequence[StepResult], imported: Imported) -> tuple[bool, str]:
    """Return whether solution.py is right as far as is known, and the sentence about it."""
    if imported.failure is not None:
        return False, imported.failure.message
    outcomes = [result.outcome for result in results if result.step.kind == CHECK]
    right, missing = outcomes.count(RIGHT), outcomes.count(MISSING)
    parts = [f"{right} of {len(outcomes)} public checks pass"]
    if imported.repair is not None:
        parts.append("without the lines below that the grader leaves out")
    if missing:
        parts.append(f"{missing} wait for functions that are not written")
    return right == len(outcomes) and imported.repair is None, ", ".join(parts)


def _solution_review(
    submission: Submission, results: Sequence[StepResult], imported: Imported | None
) -> Iterator[str]:
    if imported is None:
        return
    if imported.failure is not None:
        yield f"{SOLUTION} could not be imported: {imported.failure.message}"
    yield from submission.repairs
    if imported.repair is not None:
        yield f"{SOLUTION} would be graded without {'; '.join(imported.repair.sentences)}."
    outcomes = [result for result in results if result.step.kind == CHECK]
    is_stub = "NotImplementedError" in imported.source
    if outcomes and not is_stub and all(result.outcome == MISSING for result in outcomes):
        yield f"{SOLUTION} defines none of the graded functions."
    refused = [result.step.name for result in outcomes if result.is_refused]
    if refused:
        yield (
            f"{SOLUTION} asked for a file, the network or another program, which is refused while "
            f"it is graded ({', '.join(refused)})."
        )
