"""Read a submission, a folder or a zip file, into a `Submission`.

File names are the assignment's, except for letter case and copy suffixes. Nothing is guessed: of
two different files that could be `solution.py` neither is used, and the student reads both names.
A file that cannot be used affects only itself and is in `problems`; a missing file is in none of
the fields. `flags` are for staff; a student need not act on them.

`UnreadableSubmission` is raised if nothing can be used. Nothing of a student's is run, compiled,
unpickled or written to disk here.
"""

import os
import re
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from quantlab.errors import BadAnswers, UnreadableSubmission
from quantlab.formats.answers import Answers
from quantlab.formats.parse_answers import parse
from quantlab.intake import decode_source, model_file, notebook_source
from quantlab.intake.archive import open_contents
from quantlab.intake.candidates import Choice, RoleRule, choose, names_of, role_rules
from quantlab.intake.contents import LIMITS, Contents, Entry, Limits
from quantlab.intake.names import StudentId, could_be, quote_name, student_id
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
from quantlab.student_ids import plain_student

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

_NAMED = 5  # documents that are shown as the report
_SUFFIX = re.compile(r"\.(?:zip|tar|t?gz|tbz2?|txz|bz2|xz|rar|7z)$", re.IGNORECASE)
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
        repairs: Why `solution` is not what solution.py contains; sentences for student and staff.
        unused: Files that could be what is missing.
        used: The role of each file that has one, by its path.
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
    repairs: tuple[str, ...] = ()


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
        contents = open_nested(stack, contents, limits)
        picked = _Picked()
        chosen = {
            rule.name: picked.add(rule, choose(rule, contents)) for rule in role_rules(limits)
        }
        solution = picked.solution(chosen[SOLUTION])
        answers = picked.answers(chosen[ANSWERS])
        models = picked.models(chosen)
        report_file = picked.report(contents)
        unused = unused_files(contents, picked.used)
    flags = (
        *_id_flags(who, answers, other_ids, full_names),
        *picked.flags,
        *_refusal_flags(contents),
    )
    if contents.files and not picked.used and not unused:
        unused = (nothing_known(contents),)
    return Submission(
        who.value,
        solution,
        answers,
        models,
        report_file,
        picked.problems,
        flags,
        unused,
        (*_opened(contents, picked.used), *picked.notes),
        picked.used,
        tuple(picked.repairs),
    )


def name_of(path: Path) -> str:
    """Return the name of a folder or zip file: the student's id unless another is given."""
    return name_without_suffix(os.path.basename(os.path.abspath(path)))


def name_without_suffix(name: str) -> str:
    """Return a name without the extensions of archives."""
    while _SUFFIX.search(name):
        name = _SUFFIX.sub("", name)
    return name


class _Picked:
    """Collect the files that have a role, with problems, flags and notes."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self.flags: list[str] = []
        self.notes: list[str] = []
        self.repairs: list[str] = []
        self.used: dict[str, str] = {}  # the role of each file that has one, by its path

    def add(self, rule: RoleRule, choice: Choice) -> bytes | None:
        """Remember what was chosen for a role and return its content."""
        self.used |= {entry.path: rule.name for entry in choice.taken}
        if choice.problem:
            self.problems[rule.name] = choice.problem
        if choice.entry is not None and choice.is_renamed:
            self.notes.append(f"{quote_name(choice.entry.path)} was used as {rule.name}.")
        elif choice.entry is not None and len(choice.taken) > 1:
            self.flags.append(
                f"{rule.name} is there more than once, the same ({names_of(choice.taken)})."
            )
        return choice.content

    def solution(self, content: bytes | None) -> str | None:
        """Return the text of solution.py."""
        if content is None:
            return None
        try:
            source = decode_source.decode(content)
            text = source.text
            if source.encoding:
                advice = "Save it as UTF-8 in your editor."
                self.notes.append(f"{SOLUTION} was read as {source.encoding}. {advice}")
            if notebook_source.is_notebook(text):
                text = notebook_source.code_of(text)
                self.repairs.append(f"{SOLUTION} is a notebook, and its code cells were used.")
            return text
        except decode_source.BadSource as error:
            self.problems[SOLUTION] = str(error)
            return None

    def answers(self, content: bytes | None) -> Answers | None:
        """Return the values of answers.json."""
        if content is None:
            return None
        try:
            answers = parse(content)
        except BadAnswers as error:
            self.problems[ANSWERS] = str(error)
            return None
        self.notes += answers.notes
        return answers

    def models(self, chosen: Mapping[str, bytes | None]) -> dict[str, bytes]:
        """Return the model files that can be opened."""
        models: dict[str, bytes] = {}
        for name in (*MODELS, *OPTIONAL_MODELS):
            content = chosen[name]
            if content is None:
                continue
            if reason := model_file.problem(name, content):
                self.problems[name] = reason
            else:
                models[name] = content
        return models

    def report(self, contents: Contents) -> str | None:
        """Return the paths of the report, which staff read and the grader does not open.

        Every document counts, except those that students received. The assignment's names are
        first.
        """
        documents = [entry for entry in contents.files if could_be_report(entry)]
        ranks = {entry.path: _report_rank(entry) for entry in documents}
        documents.sort(key=lambda entry: (ranks[entry.path], len(entry.parts), entry.path))
        if not documents:
            return None
        if ranks[documents[0].path] == len(REPORTS):
            verb = "was" if len(documents) == 1 else "were"
            self.notes.append(f"{names_of(documents)} {verb} used as the report.")
        elif not any(documents[0].name.casefold() == name.casefold() for name in REPORTS):
            self.notes.append(f"{quote_name(documents[0].path)} was used as the report.")
        self.used |= {entry.path: REPORT for entry in documents}
        return ", ".join(quote_name(entry.path)[1:-1] for entry in documents[:_NAMED])


def _report_rank(entry: Entry) -> int:
    matches = (rank for rank, name in enumerate(REPORTS) if could_be(entry.name, name))
    return next(matches, len(REPORTS))


def _opened(contents: Contents, used: Mapping[str, str]) -> list[str]:
    """Return a sentence on each archive inside the submission from which a file was used."""
    return [
        f"{quote_name(archive)} was opened."
        for archive in contents.opened
        if any(path.startswith(f"{archive}/") for path in used)
    ]


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
        and answers.student.casefold()
        not in {plain_student(other).casefold() for other in other_ids}
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
