"""Propose `caught_by` of mutants as a patch that `git apply` takes.

The checks that took points from a mutant in this run replace those that it declares. What a run
with `--check` did not grade is kept. The proposal proves nothing: read it before you apply it.
"""

import ast
import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from authoring.verify.matrix import Matrix
from autograder.engine.corpus import MUTANTS, Mutant
from quantlab.paths import KIT

KEY = "caught_by"
_WIDTH = 100


@dataclass(frozen=True)
class Proposal:
    """Hold the checks that should be declared for a mutant."""

    mutant: Mutant
    caught_by: tuple[str, ...]


def find_proposals(matrix: Matrix, checks: Collection[str]) -> list[Proposal]:
    """Return the mutants whose `caught_by` differs from what took points in these checks.

    A mutant that loses points in several questions gets none: it is more than one mistake.
    """
    proposals = []
    for mutant, row in matrix.mutants:
        lost = [check for check in row.lost if check not in mutant.sometimes]
        kept = [check for check in mutant.caught_by if check not in checks]
        wanted = (*kept, *lost)
        questions = {check.split(".", 1)[0] for check in wanted}
        if set(wanted) != set(mutant.caught_by) and len(questions) == 1 and not mutant.flagged:
            proposals.append(Proposal(mutant, wanted))
    return proposals


def make_patch(proposals: Iterable[Proposal], folder: Path = MUTANTS, root: Path = KIT) -> str:
    """Return a unified diff of the files below `folder`, with paths from `root`; "" without any.

    A case in a file of its own is left out: its description is not a decorator.
    """
    by_file: dict[Path, list[Proposal]] = {}
    for proposal in proposals:
        by_file.setdefault(folder / f"{proposal.mutant.folder}.py", []).append(proposal)
    return "".join(
        _diff(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"), changes)
        for path, changes in sorted(by_file.items())
        if path.is_file()
    )


def _diff(name: str, text: str, changes: Sequence[Proposal]) -> str:
    lines = text.splitlines(keepends=True)
    changed = list(lines)
    for first, last, new in sorted(_edits(text, changes), reverse=True):  # the last one first
        changed[first:last] = new
    return "".join(difflib.unified_diff(lines, changed, f"a/{name}", f"b/{name}"))


def _edits(text: str, changes: Sequence[Proposal]) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (first line, line after, new lines) for each case of a file."""
    wanted = {change.mutant.name.split("/", 1)[1]: change.caught_by for change in changes}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.FunctionDef) or statement.name not in wanted:
            continue
        call = statement.decorator_list[0]
        new = _keyword(wanted[statement.name])
        old = [k for k in getattr(call, "keywords", ()) if k.arg == KEY]
        if old:
            yield old[0].lineno - 1, old[0].value.end_lineno or old[0].lineno, new
        else:
            end = call.end_lineno or call.lineno
            yield end - 1, end - 1, new


def _keyword(checks: Sequence[str]) -> list[str]:
    short = f"    {KEY}=[{', '.join(map(_quoted, checks))}],\n"
    if len(short) <= _WIDTH + 1:
        return [short]
    return [f"    {KEY}=[\n", *(f"        {_quoted(check)},\n" for check in checks), "    ],\n"]


def _quoted(check: str) -> str:
    return f'"{check}"'
