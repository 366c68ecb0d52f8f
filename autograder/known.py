"""The known submissions: wrong ones with one fault each, unusual right ones, and hostile ones.

Each is a file of its own below `instructor/`. A file begins with a docstring in TOML that says what
it is, and goes on with code:

    instructor/mutants/<function>/<name>.py     appended to the reference, where it redefines things
    instructor/mutants/answers/<name>.py        falsify(record) changes a right answers.json
    instructor/mutants/models/<name>.py         damage(models) changes the five saved models
    instructor/alternatives/<name>.py           appended to the reference, or standing alone
    instructor/exploits/<family>/<name>.py      code as a student may hand it in, or build(folder)

They prove the checks and the walls (`autograder.verify`), and a student's wrong answer is compared
with the mutants' (`autograder.misconceptions`). A file with a misspelt key, or without one that it
needs, is a `BadKnownSubmission`.
"""

import ast
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

INSTRUCTOR = Path(__file__).resolve().parent.parent / "instructor"
MUTANTS = INSTRUCTOR / "mutants"
ALTERNATIVES = INSTRUCTOR / "alternatives"
EXPLOITS = INSTRUCTOR / "exploits"
_KINDS = ("cheat", "fault", "legal", "refused")
NO_FUNCTION = frozenset({"answers", "models"})  # folders of mutants that break no function


class BadKnownSubmission(Exception):
    """A file below `instructor/` is not a known submission; the message says which and why."""


@dataclass(frozen=True)
class Mutant:
    """A submission with one fault, and what the grader must make of it.

    `name` is "<folder>/<file>". `fault` says in a few words for staff what is wrong; `sentence` is
    what a student reads who made this mistake. `caught_by` names the checks that must take
    points away; no others may, but those of `sometimes`, which see the fault on some students'
    inputs only. `flagged` instead asks for a flag and no points. `named`
    is false where an answer can't tell the mistake, because it differs from student to student.
    """

    name: str
    code: str
    fault: str
    sentence: str
    caught_by: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()
    named: bool = True
    flagged: bool = False

    @property
    def folder(self) -> str:
        return self.name.split("/", 1)[0]

    @property
    def in_solution(self) -> bool:
        """Whether the fault is in solution.py, not in a table or a saved model."""
        return self.folder not in NO_FUNCTION

    def may_be_caught_by(self, check: str) -> bool:
        return check in self.caught_by + self.sometimes

    @property
    def breaks(self) -> str:
        """The question that may lose points; empty for one that is only flagged."""
        return self.caught_by[0].split(".", 1)[0] if self.caught_by else ""

    def source(self, reference: str) -> str:
        """The solution.py of this mutant."""
        return f"{reference}\n\n{self.code}" if self.in_solution else reference

    def change(self) -> Callable[[Any], None]:
        """`falsify` or `damage`: changes a right record, or right models, in place."""
        names: dict[str, Any] = {}
        exec(compile(self.code, f"{self.name}.py", "exec", dont_inherit=True), names)
        change: Callable[[Any], None] = names["falsify" if self.folder == "answers" else "damage"]
        return change


@dataclass(frozen=True)
class Alternative:
    """A right submission; `differs` says how it looks different from the reference.

    `whole`: the file is a complete solution.py; else it is appended to the reference.
    """

    name: str
    code: str
    differs: str
    whole: bool = False

    def source(self, reference: str) -> str:
        """The solution.py of this alternative."""
        return self.code if self.whole else f"{reference}\n\n{self.code}"


@dataclass(frozen=True)
class Exploit:
    """A hostile, faulty or unusual submission, and what must come of it.

    `name` is "<family>/<file>", `attack` says in a few words what it tries. `kind` is one of

    - "cheat": code below the stub, or files: must end without a point;
    - "fault": code below the reference, or files: loses points in `checks` and nowhere else;
    - "legal": the same, only unusual: must get every point;
    - "refused": files that the intake must not take at all.

    The checks that match a pattern of `checks` must get one of `verdicts`. `problem`, where it is
    given, must occur in the sentence of one of them, or in that of the refusal.
    """

    name: str
    code: str
    attack: str
    kind: str
    checks: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    problem: str = ""

    def source(self, reference: str, stub: str) -> str:
        """The solution.py of a case that is code."""
        return f"{stub if self.kind == 'cheat' else reference}\n\n{self.code}"

    def build(self) -> Callable[..., Path | None] | None:
        """What writes the files of a case into a folder, given a right one; None if it is code.

        Returns the archive to hand in where that is not the folder.
        """
        if "\ndef build(folder, right):\n" not in self.code:
            return None
        names: dict[str, Any] = {"__name__": "exploit"}
        exec(compile(self.code, f"{self.name}.py", "exec", dont_inherit=True), names)
        build: Callable[..., Path | None] = names["build"]
        return build


Known = TypeVar("Known", Mutant, Alternative, Exploit)


def load_mutants(folder: Path = MUTANTS) -> tuple[Mutant, ...]:
    """All mutants, ordered by name. Raises `BadKnownSubmission`."""
    mutants = []
    for path in sorted(folder.glob("*/*.py")):
        mutant = _read(path, f"{path.parent.name}/{path.stem}", Mutant)
        checks = (*mutant.caught_by, *mutant.sometimes)
        if len({check.split(".", 1)[0] for check in checks}) != 1 - mutant.flagged:
            raise BadKnownSubmission(
                f"{path}: caught_by must name checks of one question, or flagged must be true."
            )
        mutants.append(mutant)
    return tuple(mutants)


def load_alternatives(folder: Path = ALTERNATIVES) -> tuple[Alternative, ...]:
    """All alternatives, ordered by name. Raises `BadKnownSubmission`."""
    return tuple(_read(path, path.stem, Alternative) for path in sorted(folder.glob("*.py")))


def load_exploits(folder: Path = EXPLOITS) -> tuple[Exploit, ...]:
    """All exploits, ordered by name. Raises `BadKnownSubmission`."""
    exploits = []
    for path in sorted(folder.glob("*/*.py")):
        exploit = _read(path, f"{path.parent.name}/{path.stem}", Exploit)
        expected = (bool(exploit.checks), bool(exploit.verdicts))
        if exploit.kind not in _KINDS or expected != (exploit.kind != "refused",) * 2:
            raise BadKnownSubmission(
                f"{path}: kind must be one of {', '.join(_KINDS)}, and all but refused cases need "
                "checks and verdicts."
            )
        exploits.append(exploit)
    return tuple(exploits)


def _read(path: Path, name: str, kind: type[Known]) -> Known:
    code = path.read_text(encoding="utf-8")
    try:
        said = tomllib.loads(ast.get_docstring(ast.parse(code)) or "")
    except (SyntaxError, tomllib.TOMLDecodeError) as error:
        raise BadKnownSubmission(f"{path} has no docstring in TOML: {error}.") from error
    _refuse_other_keys(path, said, {f.name for f in fields(kind)} - {"name", "code"})
    values: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in said.items()
    }
    try:
        return kind(name=name, code=code, **values)
    except TypeError as error:
        raise BadKnownSubmission(f"The docstring of {path} lacks a key: {error}.") from error


def _refuse_other_keys(path: Path, found: Iterable[str], known: set[str]) -> None:
    unknown = sorted(set(found) - known)
    if unknown:
        raise BadKnownSubmission(
            f"The docstring of {path} has the unknown keys {', '.join(unknown)}; "
            f"there are {', '.join(sorted(known))}."
        )
