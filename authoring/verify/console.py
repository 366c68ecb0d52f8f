"""The matrix and what follows from it, in a terminal.

A column is a check, in the order of the rubric; a row is a known submission. ● points lost, ◐ some
of them, · none.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from authoring.verify.matrix import Matrix, Row, diagnosis
from authoring.verify.tolerances import Bounds
from autograder.engine.corpus import Mutant
from autograder.engine.record import CheckResult
from autograder.engine.rubric import Rubric

_HARDEST = 8


def print_matrix(found: Matrix, rubric: Rubric, console: Console) -> None:
    """The legend of the columns, then every submission's row."""
    width = max(len(row.name) for row in found.rows) + 2
    console.print(Text("Columns: the checks, and how many mutants lose points there", "bold"))
    for number, check in enumerate(found.checks, 1):
        kills, alone = len(found.kills(check)), len(found.alone(check))
        console.print(Text(f"{number:>4}  {check:<42}{kills:>3} lose here, {alone} only here"))
    groups = [list(g) for _, g in groupby(found.checks, key=lambda c: rubric.items[c].question)]
    heading = " ".join(rubric.items[g[0]].question.ljust(len(g))[: len(g)] for g in groups)
    for title, wanted in (("Right submissions", False), ("Wrong submissions", True)):
        console.print()
        console.print(Text(f"{title:<{width}}{heading}", "bold"), soft_wrap=True)
        for row in found.rows:
            if isinstance(row.known, Mutant) is wanted:
                console.print(_row(row, groups, width), soft_wrap=True)


def print_tolerances(measured: Mapping[str, Bounds], rubric: Rubric, console: Console) -> None:
    """Each tolerance between the two numbers that it must keep apart."""
    console.print()
    console.print(
        Text("Tolerances: the farthest right answer < tolerance < the nearest mistake", "bold")
    )
    for check, bounds in measured.items():
        numbers = (
            f"{bounds.honest:>9.2g} < {rubric.items[check].tolerance:>6g} < {bounds.mutant:<9.2g}"
        )
        whose = f"{bounds.honest_name if bounds.honest else 'all exact'} | {bounds.mutant_name}"
        console.print(Text(f"{check:<42}{numbers} {whose}"), soft_wrap=True)
    console.print()


def print_outcome(found: Matrix, complaints: Sequence[str], console: Console) -> None:
    """The counts, and every complaint in a sentence."""
    mutants = list(found.mutants)
    caught = sum(bool(row.lost) or mutant.flagged for mutant, row in mutants)
    passed = sum(not row.lost for row in found.alternatives)
    named = diagnosis(found)
    console.print(f"Mutants caught: {caught} of {len(mutants)}.")
    console.print(
        f"Right submissions with every point: {passed} of {len(list(found.alternatives))}."
    )
    console.print(
        f"Mistakes named: {named.mutants_named} of {named.mutants} mutants of solution.py, "
        f"{named.checks_named} of the {named.checks} checks that they fail."
    )
    hardest = sorted(
        (row for mutant, row in mutants if row.lost),
        key=lambda row: sum(c.max_points - c.points for c in row.checks),
    )
    console.print("Caught by the fewest points:")
    for row in hardest[:_HARDEST]:
        lost = sum(check.max_points - check.points for check in row.checks)
        console.print(Text(f"  {row.name}: {lost:g} points, by {', '.join(row.lost)}"))
    for sentence in complaints:
        console.print(Text(sentence, "red"), soft_wrap=True)
    console.print(
        Text(f"{len(complaints)} to mend.", "bold red")
        if complaints
        else Text("Every check is proven.", "bold green")
    )


def _row(row: Row, groups: Sequence[Sequence[str]], width: int) -> Text:
    by_id = {check.id: check for check in row.checks}
    line = Text(row.name.ljust(width))
    for group in groups:
        for check in group:
            line.append(*_mark(by_id[check]))
        line.append(" ")
    return line


def _mark(check: CheckResult) -> tuple[str, str]:
    if check.points >= check.max_points:
        return "·", "dim"
    return ("◐", "yellow") if check.points else ("●", "red")
