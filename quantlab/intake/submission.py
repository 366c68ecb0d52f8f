"""Read a submission, a folder or a zip file, into a `Submission`.

File names are the assignment's, except for letter case and copy suffixes. Nothing is guessed: of
two different files that could be `solution.py` neither is used, and the student reads both names.
A file that cannot be used affects only itself and is in `problems`; a missing file is in none of
the fields. `flags` are for staff; a student need not act on them.

`UnreadableSubmission` is raised if nothing can be used. Nothing of a student's is run, compiled,
unpickled or written to disk here.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from quantlab.formats.answers import Answers, BadAnswers, parse
from quantlab.intake import decode_source, model_file
from quantlab.intake.archive import (
    LIMITS,
    Contents,
    Entry,
    Limits,
    UnreadableFile,
    UnreadableSubmission,
    open_contents,
)
from quantlab.intake.names import StudentId, could_be, is_copy_of, quote_name, student_id
from quantlab.intake.nested import open_nested
from quantlab.intake.roles import (
    ANSWERS,
    MODELS,
    OPTIONAL_MODELS,
    REPORT,
    REPORTS,
    SOLUTION,
)
from quantlab.intake.unused_files import (
    UnusedFile,
    could_be_report,
    nothing_known,
    unopened,
    unused_files,
)

__all__ = [
    "ANSWERS",
    "MODELS",
    "OPTIONAL_MODELS",
    "REPORTS",
    "SOLUTION",
    "Submission",
    "UnreadableSubmission",
    "build_submission",
    "name_of",
    "read_submission",
    "unopened_submission",
]

_COMPARED = 4  # files of the same name; more are not compared, they are too many
_NAMED = 5  # names in one sentence
_REFUSALS_TOLD = 10


@dataclass(frozen=True)
class Submission:
    """Hold what a student submitted, ready to be graded.

    Attributes:
        solution: The decoded text of solution.py.
        models: The bytes of each model file, by the assignment's name ("ResNet20_W8A8.pt").
        report_file: The path of the written report as submitted, safe to print.
        problems: Why a file that is present cannot be used, by the assignment's name of the file.
        flags: Sentences for staff.
        notes: Sentences for student and staff on how the files were understood.
        unused: Files that could be what is missing.
        used: The role of each file that has one, by its path in the submission.
    """

    student: str
    solution: str | None = None
    answers: Answers | None = None
    models: Mapping[str, bytes] = field(default_factory=dict)
    report_file: str | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    unused: tuple[UnusedFile, ...] = ()
    notes: tuple[str, ...] = ()
    used: Mapping[str, str] = field(default_factory=dict)


def unopened_submission(student: str, reason: str) -> Submission:
    """Return the empty submission that represents one that cannot be opened.

    `student` becomes an id as in `read_submission`.
    """
    return Submission(student_id(student).value, unused=(unopened(reason),))


def read_submission(
    path: str | os.PathLike[str], student: str | None = None, limits: Limits = LIMITS
) -> Submission:
    """Return the submission at `path`, a folder or a zip file.

    The default student id is the name of the folder or zip file. An id that is not safe as a file
    name is replaced, always by the same one, and flagged. Raise `UnreadableSubmission` if nothing
    can be used.
    """
    path = Path(path)
    who = student_id(name_of(path) if student is None else student)
    with open_contents(path, limits) as contents:
        return build_submission(contents, who, limits=limits)


def build_submission(
    contents: Contents,
    who: StudentId,
    other_ids: Collection[str] = (),
    full_names: Collection[str] = (),
    limits: Limits = LIMITS,
) -> Submission:
    """Return the submission made of `contents`, inner zips included.

    `other_ids` and `full_names` belong to the student or to the group's members: tables made under
    one of them are the student's own. Order and spaces of a full name are ignored, because course
    sites write names in many ways.
    """
    with ExitStack() as stack:
        as_handed_in, contents = contents, open_nested(stack, contents, limits)
        files = FilePicker(contents)
        solution = _solution(files, limits)
        answers = _answers(files, limits)
        models = _models(files, limits)
        report_file = _report(files)
        unused = unused_files(as_handed_in, contents, files.used)
    flags = (
        *_id_flags(who, answers, other_ids, full_names),
        *files.flags,
        *_refusal_flags(contents),
    )
    if contents.files and not files.used and not unused:
        unused = (nothing_known(contents),)
    return Submission(
        who.value,
        solution,
        answers,
        models,
        report_file,
        files.problems,
        flags,
        unused,
        tuple(files.notes),
        files.used,
    )


def name_of(path: Path) -> str:
    """Return the name of a folder or zip file: the student's id unless another is given."""
    name = os.path.basename(os.path.abspath(path))
    return name[: -len(".zip")] if name.lower().endswith(".zip") else name


class FilePicker:
    """Pick the assignment's files from the contents; collect problems and flags."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.problems: dict[str, str] = {}
        self.flags: list[str] = []
        self.notes: list[str] = []
        self.used: dict[str, str] = {}  # the role of each file that has one, by its path

    def take(self, wanted: str, limit: int) -> bytes | None:
        """Return the bytes of the file called `wanted`; None if there is no usable one."""
        candidates = _candidates(self.contents, wanted)
        if not candidates:
            refused = [r for r in self.contents.refused if could_be(r.name, wanted)]
            if refused:
                self.problems[wanted] = refused[0].sentence
            return None
        self.used |= {candidate.path: wanted for candidate in candidates}
        try:
            content = candidates[0].read(limit)
            if len(candidates) > 1 and not _all_equal(content, candidates[1:], limit):
                self.problems[wanted] = (
                    f"{len(candidates)} different files could be {wanted} "
                    f"({_names(candidates)}): submit only the one that is meant."
                )
                return None
        except UnreadableFile as error:
            self.problems[wanted] = f"{wanted} {error}."
            return None
        if len(candidates) > 1:
            self.flags.append(f"{wanted} is there more than once, the same ({_names(candidates)}).")
        elif is_copy_of(candidates[0].name, wanted):
            self.notes.append(f"{quote_name(candidates[0].path)} was used as {wanted}.")
        return content


def _candidates(contents: Contents, wanted: str) -> list[Entry]:
    """Return the files that could be `wanted`, those nearest to the top first."""
    matches = [entry for entry in contents.files if could_be(entry.name, wanted)]
    return sorted(matches, key=lambda entry: (len(entry.parts), entry.path))


def _all_equal(content: bytes, others: list[Entry], limit: int) -> bool:
    return len(others) < _COMPARED and all(other.read(limit) == content for other in others)


def _names(entries: Iterable[Entry]) -> str:
    shown = [quote_name(entry.path) for entry in entries]
    more = [f"{len(shown) - _NAMED} more"] if len(shown) > _NAMED else []
    return ", ".join(shown[:_NAMED] + more)


def _solution(files: FilePicker, limits: Limits) -> str | None:
    content = files.take(SOLUTION, limits.solution)
    if content is None:
        return None
    try:
        return decode_source.decode(content)
    except decode_source.BadSource as error:
        files.problems[SOLUTION] = str(error)
        return None


def _answers(files: FilePicker, limits: Limits) -> Answers | None:
    content = files.take(ANSWERS, limits.answers)
    if content is None:
        return None
    try:
        return parse(content)
    except BadAnswers as error:
        files.problems[ANSWERS] = str(error)
        return None


def _models(files: FilePicker, limits: Limits) -> dict[str, bytes]:
    models: dict[str, bytes] = {}
    for name in (*MODELS, *OPTIONAL_MODELS):
        content = files.take(name, limits.model)
        if content is None:
            continue
        if reason := model_file.problem(name, content):
            files.problems[name] = reason
        else:
            models[name] = content
    return models


def _report(files: FilePicker) -> str | None:
    """Return the path of the report, which staff read and the grader does not open.

    Without a file of one of the assignment's names, any document counts. Beside such a file the
    other documents are listed too.
    """
    others = [entry for entry in files.contents.files if could_be_report(entry.parts)]
    others = [entry for entry in others if not any(could_be(entry.name, name) for name in REPORTS)]
    for wanted in REPORTS:
        candidates = _candidates(files.contents, wanted)
        if candidates:
            files.used |= {candidate.path: REPORT for candidate in candidates}
            if len(candidates) > 1:
                files.flags.append(
                    f"More than one file could be the report ({_names(candidates)}); the first "
                    "is taken."
                )
            elif is_copy_of(candidates[0].name, wanted):
                files.notes.append(f"{quote_name(candidates[0].path)} was used as the report.")
            return _listed([candidates[0], *others])
    if not others:
        return None
    files.notes.append(
        f"{_names(others)} {'was' if len(others) == 1 else 'were'} used as the report."
    )
    return _listed(others)


def _listed(files: list[Entry]) -> str:
    return ", ".join(quote_name(entry.path)[1:-1] for entry in files[:_NAMED])


def _id_flags(
    who: StudentId,
    answers: Answers | None,
    other_ids: Collection[str],
    full_names: Collection[str],
) -> list[str]:
    flags = []
    if who.replaced:
        flags.append(
            f"The name {quote_name(who.original)} can't be used as an id: the submission is kept "
            f"as {who.value}."
        )
    if (
        answers is not None
        and student_id(answers.student).value != who.value
        and answers.student.strip().casefold() not in {other.casefold() for other in other_ids}
        and _letters(answers.student) not in {_letters(name) for name in full_names}
    ):
        flags.append(
            f"answers.json was made by {quote_name(answers.student)} and submitted by {who.value}: "
            "its tables are graded with the vectors of the former."
        )
    return flags


def _letters(name: str) -> str:
    """Return the letters in a fixed order: the same for "Ada Lovelace" and "lovelaceada"."""
    return "".join(sorted(c for c in name.casefold() if c.isalnum()))


def _refusal_flags(contents: Contents) -> list[str]:
    sentences = [refused.sentence for refused in contents.refused[:_REFUSALS_TOLD]]
    more = len(contents.refused) - len(sentences)
    return [*sentences, f"{more} more entries were not used."] if more > 0 else sentences
