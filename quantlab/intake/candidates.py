"""Find the files of a submission that could have a role, and choose between them.

A file is a candidate by its name, and only if its content agrees: a solution defines graded
functions, answers parse, a model is a saved model. Names are near in one of three ways:

    1. the assignment's name, except for letter case and the suffixes of copies ("solution (1).py");
    2. a name that contains the assignment's ("Kopie von solution.py", "solution_jan.py.txt");
    3. any name, if the content alone shows the role.

Equal files are one. An unchanged stub is no candidate beside others. Names of the third
kind count only if no other name does. Two different candidates are a conflict.
"""

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from quantlab.errors import BadAnswers, UnreadableFile
from quantlab.formats.answers import Answers
from quantlab.formats.parse_answers import parse
from quantlab.formats.submission_files import PACKED
from quantlab.intake import model_file
from quantlab.intake.contents import Contents, Entry, Limits
from quantlab.intake.names import could_be, is_copy_of, quote_name
from quantlab.intake.released import graded_functions, is_released_name, is_stub
from quantlab.intake.roles import ANSWERS, MODELS, OPTIONAL_MODELS, SOLUTION, VARIABLE

_COMPARED = 4  # files that are compared for one role; more are too many
_SEARCHED = 200  # files of any name that are looked into for one role
_NAMED = 5  # names in one sentence
_FEWEST_FUNCTIONS = 5  # graded functions that show what a file of any name is
_ADDED = (
    *(".txt", ".bak", ".old", ".orig", ".download", ".part", ".tmp", ".crdownload", ".zip", ".tar"),
)
_SOURCES = ("", ".py", ".pyw", ".txt")
_DOCUMENTS = (".ipynb", ".md", ".html", ".htm", ".rtf", ".pdf", ".tex", ".json")
_WIDTHS = re.compile(r"w\W*([1-8])\W*a\W*([1-8])(?!\d)")


@dataclass(frozen=True)
class RoleRule:
    """Say which files can have a role.

    Attributes:
        name: The assignment's name of the file.
        limit: The most bytes.
        nearness: Returns 1, 2 or 3 for a name, as this module says; 0 if it cannot be the file.
        agrees: Returns whether a content can be that of a file with a name this near.
        is_blank: Returns whether a content is what students received, or nothing.
    """

    name: str
    limit: int
    nearness: Callable[[str], int]
    agrees: Callable[[bytes, int], bool]
    is_blank: Callable[[bytes], bool]


@dataclass(frozen=True)
class Choice:
    """Hold the file that has a role, or why none has.

    `entry` and `content` are None if there is none. `taken` are the files that are accounted for:
    the chosen file, its equals, and files in conflict.
    """

    entry: Entry | None = None
    content: bytes | None = None
    problem: str | None = None
    taken: tuple[Entry, ...] = ()
    is_renamed: bool = False


def role_rules(limits: Limits) -> tuple[RoleRule, ...]:
    """Return the rules of every role that is one file."""
    models = [
        RoleRule(
            name,
            limits.model,
            partial(_model_nearness, name),
            partial(_is_model, name),
            _is_nothing,
        )
        for name in (*MODELS, *OPTIONAL_MODELS)
    ]
    return (
        RoleRule(SOLUTION, limits.solution, _solution_nearness, _is_solution, _is_blank_source),
        RoleRule(ANSWERS, limits.answers, _answers_nearness, _is_answers, _is_blank_record),
        *models,
    )


def choose(rule: RoleRule, contents: Contents) -> Choice:
    """Return the file that has the role of `rule`."""
    by_nearness: dict[int, list[Entry]] = {1: [], 2: [], 3: []}
    for entry in sorted(contents.files, key=lambda entry: (len(entry.parts), entry.path)):
        near = rule.nearness(entry.name)
        if near and (near == 1 or not is_released_name(entry.parts)):
            by_nearness[near].append(entry)
    exact = by_nearness[1]
    if len(exact) > _COMPARED:
        return _conflict(rule, exact)
    named, problem = _read_groups(rule, (exact + by_nearness[2])[:_SEARCHED])
    if problem:
        return Choice(problem=problem, taken=tuple(exact))
    agreeing = [group for group in named if rule.agrees(group.content, 1)]
    if not agreeing and all(rule.is_blank(group.content) for group in _exact(rule, named)):
        others, _ = _read_groups(rule, by_nearness[3][:_SEARCHED])
        agreeing = [group for group in others if rule.agrees(group.content, 3)]
    if not agreeing:
        return _without_agreement(rule, exact, named, contents)
    rivals = [group for group in named if _is_rival(rule, group, agreeing)]
    if len(agreeing) + len(rivals) > 1:
        return _conflict(rule, [group.entries[0] for group in (*agreeing, *rivals)])
    return _chosen(rule, agreeing[0])


@dataclass(frozen=True)
class _Group:
    """Hold files with one content, the nearest name first."""

    content: bytes
    entries: tuple[Entry, ...]


def _is_rival(rule: RoleRule, group: _Group, agreeing: Sequence[_Group]) -> bool:
    """Return whether a file of exactly the assignment's name has another, useless content."""
    has_name = any(
        rule.nearness(entry.name) == 1 and not is_copy_of(entry.name, rule.name)
        for entry in group.entries
    )
    return has_name and group not in agreeing and not rule.is_blank(group.content)


def _read_groups(rule: RoleRule, entries: Iterable[Entry]) -> tuple[list[_Group], str | None]:
    """Return the different contents of some files, and why one of the exact name is unreadable."""
    groups: dict[bytes, _Group] = {}
    problem = None
    for entry in entries:
        try:
            content = entry.read(rule.limit)
        except UnreadableFile as error:
            if rule.nearness(entry.name) == 1:
                problem = problem or f"{rule.name} {error}."
            continue
        key = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        group = groups.get(key, _Group(content, ()))
        groups[key] = _Group(group.content, (*group.entries, entry))
    return list(groups.values()), problem


def _chosen(rule: RoleRule, group: _Group) -> Choice:
    entry = group.entries[0]
    renamed = rule.nearness(entry.name) > 1 or is_copy_of(entry.name, rule.name)
    return Choice(entry, group.content, None, group.entries, renamed)


def _conflict(rule: RoleRule, entries: Sequence[Entry]) -> Choice:
    problem = (
        f"{len(entries)} different files could be {rule.name} ({names_of(entries)}): submit only "
        "the one that is meant."
    )
    return Choice(problem=problem, taken=tuple(entries))


def _without_agreement(
    rule: RoleRule, exact: Sequence[Entry], named: Sequence[_Group], contents: Contents
) -> Choice:
    """Return the file of the assignment's name although its content does not agree."""
    if not exact:
        refused = [entry for entry in contents.refused if could_be(entry.name, rule.name)]
        return Choice(problem=refused[0].sentence if refused else None)
    groups = _exact(rule, named)
    return _conflict(rule, exact) if len(groups) > 1 else _chosen(rule, groups[0])


def _exact(rule: RoleRule, groups: Sequence[_Group]) -> list[_Group]:
    """Return the groups with the assignment's name."""
    return [group for group in groups if rule.nearness(group.entries[0].name) == 1]


def names_of(entries: Sequence[Entry]) -> str:
    """Return the quoted paths of some files, the first few if there are many."""
    shown = [quote_name(entry.path) for entry in entries]
    more = [f"{len(shown) - _NAMED} more"] if len(shown) > _NAMED else []
    return ", ".join(shown[:_NAMED] + more)


@lru_cache(maxsize=1024)  # each name is compared with every name of the assignment
def fold_name(name: str) -> tuple[str, str]:
    """Return a name in lower case and its extension, without what was added: "a.py.txt" is .py."""
    low = unicodedata.normalize("NFKC", name).casefold().rstrip(" .")
    while True:
        stem, extension = os.path.splitext(low)
        if extension not in _ADDED or not os.path.splitext(stem)[1]:
            return low, extension
        low = stem


def widths_in(name: str) -> str | None:
    """Return the saved model whose widths a name contains."""
    match = _WIDTHS.search(name.casefold().replace("_", "-"))
    model = f"ResNet20_W{match[1]}A{match[2]}.pt" if match else ""
    return model if model in MODELS else None


def _solution_nearness(name: str) -> int:
    low, extension = fold_name(name)
    if could_be(name, SOLUTION):
        return 1
    if "solution" in low and extension not in _DOCUMENTS:
        return 2
    return 3 if extension in _SOURCES else 0


def _answers_nearness(name: str) -> int:
    low, extension = fold_name(name)
    if could_be(name, ANSWERS):
        return 1
    if "answers" in low:
        return 2
    return 3 if extension in ("", ".json", ".txt") else 0


def _model_nearness(model: str, name: str) -> int:
    low, extension = fold_name(name)
    if could_be(name, model):
        return 1
    if model == PACKED or extension == os.path.splitext(PACKED)[1]:
        fits = model == PACKED and extension == os.path.splitext(PACKED)[1]
        return (2 if "variable" in low else 3) if fits else 0
    if model == VARIABLE:
        return 2 if "variable" in low else 0
    if widths_in(low) != model:
        return 0
    return 2 if "resnet" in low else 3


def _is_solution(content: bytes, nearness: int) -> bool:
    text = source_text(content)
    fewest = _FEWEST_FUNCTIONS if nearness == 3 else 1
    return len(graded_functions(text)) >= fewest and not is_stub(text)


def _is_blank_source(content: bytes) -> bool:
    return _is_nothing(content) or is_stub(source_text(content))


def _is_nothing(content: bytes) -> bool:
    return not content.strip()


def source_text(content: bytes) -> str:
    """Return a text in which ASCII words can be found, in whatever encoding it is."""
    return content.replace(b"\0", b"").decode("latin-1")  # UTF-16 has a NUL per letter


def _is_answers(content: bytes, nearness: int) -> bool:
    try:
        answers = parse(content)
    except BadAnswers:
        return False
    return _has_values(answers)


def _is_blank_record(content: bytes) -> bool:
    try:
        return not _has_values(parse(content))
    except BadAnswers:
        return _is_nothing(content)


def _has_values(answers: Answers) -> bool:
    numbers = [
        number
        for tables in (answers.mse, answers.table1)
        for table in tables.values()
        for row in table.values()
        for number in row.values()
    ]
    return bool(answers.bit_widths or answers.unread) or any(n is not None for n in numbers)


def _is_model(name: str, content: bytes, nearness: int) -> bool:
    return model_file.problem(name, content) is None
