"""Load the known submissions in `instructor/corpus/`: wrong, correct and hostile ones.

    corpus/mutants/<function>.py   one mistake per case, appended to the reference
    corpus/mutants/answers.py      falsify(record) changes a correct answers.json in place
    corpus/mutants/models.py       damage(models) changes the five saved models in place
    corpus/correct/<kind>.py       correct, written differently: appended, or a whole solution.py
    corpus/attacks/<family>.py     code as a student may submit it, or build(folder, right)
    corpus/odd/<family>.py         build(folder) changes a correct submission: odd, but honest

A file holds a family of cases. A case may also be a file of its own in a folder named for the
family (`corpus_files` describes both forms). The corpus tests the checks and the sandbox
(`authoring.verify`, `authoring.attack`). A student's wrong answer is compared with the mutants'
(`autograder.engine.misconceptions`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from autograder.engine.corpus_files import CaseText, read_cases
from autograder.errors import BadCorpus
from autograder.paths import CORPUS

MUTANTS = CORPUS / "mutants"
CORRECT = CORPUS / "correct"
ATTACKS = CORPUS / "attacks"
ODD = CORPUS / "odd"
_KINDS = ("cheat", "fault", "legal", "refused")
_ODD_KINDS = ("final", "noted", "review")
_BUILD = re.compile(r"^def build\(folder, right\):$", re.MULTILINE)
NO_FUNCTION = frozenset({"answers", "models"})  # folders of mutants that break no function


@dataclass(frozen=True)
class Mutant:
    """Hold a submission with one fault, and what the grader must say about it.

    Attributes:
        name: "<family>/<case>".
        fault: What is wrong, in a few words for staff.
        sentence: What a student who made this mistake reads.
        caught_by: Checks that must take points away. No others may, except those of `sometimes`.
            A new mutant may lack them: `authoring verify` proposes them.
        sometimes: Checks that see the fault on some students' inputs only.
        named: False if the answer cannot identify the mistake, because it differs per student.
        flagged: The submission must get a flag and lose no points.
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
        """Return the family, the first part of the name."""
        return self.name.split("/", 1)[0]

    @property
    def in_solution(self) -> bool:
        """Whether the fault is in solution.py, not in a table or a saved model."""
        return self.folder not in NO_FUNCTION

    def may_be_caught_by(self, check: str) -> bool:
        """Return whether a check may take points from this mutant."""
        return check in self.caught_by + self.sometimes

    @property
    def breaks(self) -> str:
        """Return the question that may lose points; empty if the mutant is only flagged."""
        return self.caught_by[0].split(".", 1)[0] if self.caught_by else ""

    def source(self, reference: str) -> str:
        """Return the solution.py of this mutant."""
        return f"{reference}\n\n{self.code}" if self.in_solution else reference

    def change(self) -> Callable[[Any], None]:
        """Return `falsify` or `damage`, which changes a correct record or models in place."""
        names: dict[str, Any] = {}
        exec(compile(self.code, f"{self.name}.py", "exec", dont_inherit=True), names)
        change: Callable[[Any], None] = names["falsify" if self.folder == "answers" else "damage"]
        return change


@dataclass(frozen=True)
class Alternative:
    """Hold a correct submission; `differs` says how it differs from the reference.

    If `whole`, the code is a complete solution.py; otherwise it is appended to the reference.
    """

    name: str
    code: str
    differs: str
    whole: bool = False

    def source(self, reference: str) -> str:
        """Return the solution.py of this alternative."""
        return self.code if self.whole else f"{reference}\n\n{self.code}"


@dataclass(frozen=True)
class AttackCase:
    """Hold a hostile, faulty or unusual submission, and what must happen to it.

    `name` is "<family>/<case>", `attack` says in a few words what it tries. `kind` is one of

    - "cheat": code below the stub, or files: must end without a point;
    - "fault": code below the reference, or files: loses points in `checks` and nowhere else;
    - "legal": the same, only unusual: must get every point;
    - "refused": files that the intake must refuse.

    The checks that match a pattern of `checks` must get one of `verdicts`. `problem`, if set, must
    occur in the message of one of them, or in that of the refusal.
    """

    name: str
    code: str
    attack: str
    kind: str
    checks: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    problem: str = ""

    def source(self, reference: str, stub: str) -> str:
        """Return the solution.py of a case that is code."""
        return f"{stub if self.kind == 'cheat' else reference}\n\n{self.code}"

    def build(self) -> Callable[..., Path | None] | None:
        """Return the function that writes the files of a case; None if the case is code.

        It takes a folder and a correct submission's folder. It returns the archive to submit, or
        None to submit the folder.
        """
        if not _BUILD.search(self.code):
            return None
        names: dict[str, Any] = {"__name__": "exploit"}
        exec(compile(self.code, f"{self.name}.py", "exec", dont_inherit=True), names)
        build: Callable[..., Path | None] = names["build"]
        return build


@dataclass(frozen=True)
class OddCase:
    """Hold an odd but honest submission, and the result it must have.

    `name` is "<family>/<case>"; `oddity` says in a few words what is odd. `kind` is one of

    - "final": it is graded like any other submission;
    - "noted": the same, and a note contains `says`;
    - "review": it has no score before staff review it, and a sentence of the review contains
      `says`. Every one of `checks` that lost points is at stake.

    Only the checks that match a pattern of `checks` are graded. They get `points` in total; None
    means all of their points (for "review": none of them).
    """

    name: str
    code: str
    oddity: str
    kind: str
    checks: tuple[str, ...]
    says: str = ""
    points: float | None = None

    def build(self, folder: Path) -> Path:
        """Change the correct submission in `folder`. Return the folder or archive to submit."""
        names: dict[str, Any] = {"__name__": "odd"}
        exec(compile(self.code, f"{self.name}.py", "exec", dont_inherit=True), names)
        archive: Path | None = names["build"](folder)
        return archive or folder


Case = TypeVar("Case", Mutant, Alternative, AttackCase, OddCase)


def load_mutants(folder: Path = MUTANTS) -> tuple[Mutant, ...]:
    """Return all mutants, ordered by name. Raise `BadCorpus` if a file is malformed."""
    mutants = []
    for name, case in _cases(folder):
        mutant = _build_case(name, case, Mutant, {"fault": case.title})
        checks = (*mutant.caught_by, *mutant.sometimes)
        questions = {check.split(".", 1)[0] for check in checks}
        if len(questions) > 1 - mutant.flagged:
            raise BadCorpus(
                f"{case.place}: caught_by must name checks of one question, and none if flagged is "
                "true."
            )
        mutants.append(mutant)
    return tuple(mutants)


def load_alternatives(folder: Path = CORRECT) -> tuple[Alternative, ...]:
    """Return all correct alternatives, ordered by name. Raise `BadCorpus`."""
    cases = sorted((case.name, case) for _, case in _cases(folder))
    return tuple(
        _build_case(name, case, Alternative, {"differs": case.title}) for name, case in cases
    )


def load_attacks(folder: Path = ATTACKS) -> tuple[AttackCase, ...]:
    """Return all attack cases, ordered by name. Raise `BadCorpus`."""
    exploits = []
    for name, case in _cases(folder):
        described = {"attack": case.title, "kind": case.decorator}
        exploit = _build_case(name, case, AttackCase, described)
        expected = (bool(exploit.checks), bool(exploit.verdicts))
        if exploit.kind not in _KINDS or expected != (exploit.kind != "refused",) * 2:
            raise BadCorpus(
                f"{case.place}: kind must be one of {', '.join(_KINDS)}, and all but refused cases "
                "need checks and verdicts."
            )
        exploits.append(exploit)
    return tuple(exploits)


def load_odd_cases(folder: Path = ODD) -> tuple[OddCase, ...]:
    """Return all odd but honest submissions, ordered by name. Raise `BadCorpus`."""
    cases = []
    for name, case in _cases(folder):
        described = {"oddity": case.title, "kind": case.decorator}
        odd = _build_case(name, case, OddCase, described)
        if odd.kind not in _ODD_KINDS or (odd.kind != "final" and not odd.says):
            raise BadCorpus(
                f"{case.place}: kind must be one of {', '.join(_ODD_KINDS)}, and all but final "
                "cases need says."
            )
        cases.append(odd)
    return tuple(cases)


def _cases(folder: Path) -> list[tuple[str, CaseText]]:
    """Return every case below a folder, as (family/name, case), ordered by that name."""
    cases: dict[str, CaseText] = {}
    for name, case in _unordered(folder):
        if name in cases:
            raise BadCorpus(f"{case.place}: {name} is also in {cases[name].place}.")
        cases[name] = case
    return sorted(cases.items())


def _unordered(folder: Path) -> Iterator[tuple[str, CaseText]]:
    for path in sorted(folder.rglob("*.py")):
        for case in read_cases(path):
            family = path.stem if case.decorator else path.parent.name
            yield f"{family}/{case.name}", case


def _build_case(name: str, case: CaseText, kind: type[Case], described: Mapping[str, str]) -> Case:
    keys = {**case.values, **(described if case.decorator else {})}
    allowed = {field.name for field in fields(kind)} - {"name", "code"}
    if unknown := sorted(keys.keys() - allowed):
        raise BadCorpus(
            f"{case.place}: unknown keys {', '.join(unknown)}; "
            f"expected {', '.join(sorted(allowed))}."
        )
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in keys.items()}
    try:
        return kind(name=name, code=case.code, **values)
    except TypeError as error:
        raise BadCorpus(f"{case.place} lacks a key: {error}.") from error
