"""Print the matrix, the tolerances and the counts of `verify` to a terminal.

A column is a check, in the order of the rubric. A row is a submission: ● lost all points, ◐ lost
some, · lost none.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from authoring.verify.matrix import GradedCase, Matrix, count_named
from authoring.verify.tolerances import Bounds
from autograder.engine.corpus import Mutant
from autograder.engine.record import CheckResult
from autograder.engine.rubric import Rubric

_HARDEST = 8


def print_matrix(matrix: Matrix, rubric: Rubric, console: Console) -> None:
    """Print the legend of the columns, then every submission's row."""
    width = max(len(row.name) for row in matrix.rows) + 2
    console.print(Text("Columns: the checks, and how many mutants lose points in each", "bold"))
    for number, check in enumerate(matrix.checks, 1):
        caught, only = len(matrix.caught_by(check)), len(matrix.caught_only_by(check))
        console.print(Text(f"{number:>4}  {check:<42}{caught:>3} caught, {only} only here"))
    groups = [list(g) for _, g in groupby(matrix.checks, key=lambda c: rubric.items[c].question)]
    heading = " ".join(rubric.items[g[0]].question.ljust(len(g))[: len(g)] for g in groups)
    for title, is_mutant in (("Correct submissions", False), ("Wrong submissions", True)):
        console.print()
        console.print(Text(f"{title:<{width}}{heading}", "bold"), soft_wrap=True)
        for row in matrix.rows:
            if isinstance(row.case, Mutant) is is_mutant:
                console.print(_row(row, groups, width), soft_wrap=True)


def print_tolerances(bounds: Mapping[str, Bounds], rubric: Rubric, console: Console) -> None:
    """Print each tolerance between the two numbers that it must separate."""
    console.print()
    console.print(
        Text("Tolerances: the worst correct answer < tolerance < the nearest wrong one", "bold")
    )
    for check, bound in bounds.items():
        numbers = (
            f"{bound.worst_correct:>9.2g} < {rubric.items[check].tolerance:>6g} < "
            f"{bound.nearest_wrong:<9.2g}"
        )
        correct = bound.worst_correct_name if bound.worst_correct else "all exact"
        names = f"{correct} | {bound.nearest_wrong_name}"
        console.print(Text(f"{check:<42}{numbers} {names}"), soft_wrap=True)
    console.print()


def print_slips(matrix: Matrix, rubric: Rubric, console: Console) -> None:
    """Print what the mutants of each slip lose, and what they cost at last."""
    rows = {mutant.name: row for mutant, row in matrix.mutants}
    console.print(Text("Slips: points lost by their mutants, and what these cost at most", "bold"))
    for slip in rubric.slips:
        own = [rows[name] for name in slip.mutants if name in rows]
        lost = max((row.lost_points for row in own), default=0.0)
        cost = max((row.cost for row in own), default=0.0)
        numbers = f"{len(own):>3} mutants lose {lost:>4g}, cost {cost:g}, cap {slip.cap:g}"
        console.print(Text(f"{slip.name:<28}{numbers}  {slip.mistake}"), soft_wrap=True)
    console.print()


def print_summary(matrix: Matrix, problems: Sequence[str], console: Console) -> None:
    """Print the counts and every problem."""
    mutants = list(matrix.mutants)
    caught = sum(bool(row.lost) or mutant.flagged for mutant, row in mutants)
    passed = sum(not row.lost for row in matrix.alternatives)
    named = count_named(matrix)
    console.print(f"Mutants caught: {caught} of {len(mutants)}.")
    console.print(
        f"Correct submissions with every point: {passed} of {len(list(matrix.alternatives))}."
    )
    console.print(
        f"Mistakes named: {named.mutants_named} of {named.mutants} mutants of solution.py, "
        f"{named.checks_named} of the {named.checks} checks that they fail."
    )
    hardest = sorted(
        (row for mutant, row in mutants if row.lost),
        key=lambda row: row.cost,
    )
    console.print("Caught by the fewest points:")
    for row in hardest[:_HARDEST]:
        console.print(Text(f"  {row.name}: {row.cost:g} points, by {', '.join(row.lost)}"))
    for problem in problems:
        console.print(Text(problem, "red"), soft_wrap=True)
    console.print(
        Text(f"{len(problems)} to fix.", "bold red")
        if problems
        else Text("Every check is proven.", "bold green")
    )


def _row(row: GradedCase, groups: Sequence[Sequence[str]], width: int) -> Text:
    by_id = {check.id: check for check in row.checks}
    line = Text(row.name.ljust(width))
    for group in groups:
        for check in group:
            line.append(*_symbol(by_id[check]))
        line.append(" ")
    return line


def _symbol(check: CheckResult) -> tuple[str, str]:
    if check.points >= check.max_points:
        return "·", "dim"
    return ("◐", "yellow") if check.points else ("●", "red")
