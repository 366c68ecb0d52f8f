"""Build the `solution.py` that a student fills in from the master `instructor/solution.py`.

Code between `### BEGIN SOLUTION` and `### END SOLUTION` inside a function or class becomes
`raise NotImplementedError("Question 1a: linear_quantize")`. At the top level of the file, such as
helpers of the reference, it is removed. Everything else is kept.

    python -m authoring build           # writes solution.py
    python -m authoring build --check   # writes nothing; exit status 1 if solution.py differs
"""

import ast
import sys
from collections.abc import Mapping

from authoring.build.generated_file import write_or_compare
from autograder.paths import REFERENCE as MASTER
from quantlab.paths import KIT

STUB = KIT / "solution.py"
BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"

QUESTIONS = {
    "linear_quantize": "1a",
    "linear_dequantize": "1a",
    "get_scale": "1a",
    "reset_scale_and_zero_point": "1a",
    "_quantize_func_STE": "2a",
    "integer_linear": "2b",
    "integer_conv2d": "2b",
    "quantized_linear_function": "2b",
    "quantized_conv2d_function": "2b",
    "variable_precision_search": "3",
}


class BadMaster(Exception):
    """Report why the master cannot become a student's file: unpaired or misplaced markers."""


def make_stub(master: str, questions: Mapping[str, str] = QUESTIONS) -> str:
    """Return the student's file for the source text of the master.

    Args:
        master: Python source with solution markers.
        questions: {function or class: question} for all that a student writes.

    Raises:
        BadMaster: The markers are unpaired or misplaced.
    """
    owners = _owners(master)
    kept: list[str] = []
    solved: set[str] = set()
    opened: int | None = None  # the line of a BEGIN without its END
    after_gap = False  # blank lines after a removed region would add to those before it
    for number, line in enumerate(master.splitlines(), start=1):
        marker = line.strip()
        if marker == BEGIN:
            if opened is not None:
                raise BadMaster(
                    f"Line {number}: the region that begins in line {opened} has no END."
                )
            opened = number
            indent = line[: len(line) - len(line.lstrip())]
            if indent:
                owner = _question_owner(owners, number, questions)
                solved.add(owner)
                kept.append(
                    f'{indent}raise NotImplementedError("Question {questions[owner]}: {owner}")'
                )
        elif marker == END:
            if opened is None:
                raise BadMaster(f"Line {number}: this END has no BEGIN.")
            opened, after_gap = None, line == END
        elif opened is None and not (after_gap and not marker):
            kept.append(line)
            after_gap = False
    if opened is not None:
        raise BadMaster(f"Line {opened}: the region that begins here has no END.")
    unsolved = [name for name in questions if name not in solved]
    if unsolved:
        raise BadMaster(f"The master has no region for {', '.join(unsolved)}: add the markers.")
    return "\n".join(kept).rstrip("\n") + "\n"


def title(name: str, questions: Mapping[str, str] = QUESTIONS) -> str:
    """Return the message of a stub: its question and its name."""
    return f"Question {questions[name]}: {name}"


def _owners(master: str) -> dict[int, str]:
    """Return the top-level function or class around each line."""
    owners: dict[int, str] = {}
    for node in ast.parse(master).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                owners[line] = node.name
    return owners


def _question_owner(owners: dict[int, str], line: int, questions: Mapping[str, str]) -> str:
    owner = owners.get(line)
    if owner is None or owner not in questions:
        raise BadMaster(
            f"Line {line}: a region in {owner or 'no function'}, which is in no question: "
            "add it to QUESTIONS or move the region."
        )
    return owner


def build_stub(check: bool = False) -> int:
    """Write solution.py, or with `check` only compare; return the exit status."""
    try:
        stub = make_stub(MASTER.read_text(encoding="utf-8"))
    except (BadMaster, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return write_or_compare(STUB, stub, MASTER, check)
