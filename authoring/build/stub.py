"""From the master `instructor/solution.py` to the `solution.py` that a student fills in.

Code between `### BEGIN SOLUTION` and `### END SOLUTION` inside a function or class becomes
`raise NotImplementedError("Question 1a: linear_quantize")`; at the top level of the file, where
helpers of the reference stand, it disappears. Everything else, docstrings above all, is kept.

    python -m authoring build           # writes solution.py
    python -m authoring build --check   # writes nothing; exit status 1 when solution.py has drifted

It can fail with a `BadMaster`, one sentence: markers that do not pair up, a region in a function
that belongs to no question, a function without a region.
"""

import ast
import sys

from autograder.paths import REFERENCE
from quantlab.atomic_files import write_text_atomically
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
    """The master cannot be turned into a student's file; the message says where and why."""


def make_stub(master: str) -> str:
    """The student's file for the source text of the master. Raises `BadMaster`."""
    owners = _owners(master)
    kept: list[str] = []
    solved: set[str] = set()
    opened: int | None = None  # the line of the BEGIN that waits for its END
    after_gap = False  # blank lines behind a region that disappeared would add to those before it
    for number, line in enumerate(master.splitlines(), start=1):
        marker = line.strip()
        if marker == BEGIN:
            if opened is not None:
                raise BadMaster(f"Line {number}: the region begun in line {opened} has no end.")
            opened = number
            indent = line[: len(line) - len(line.lstrip())]
            if indent:
                owner = _question_owner(owners, number)
                solved.add(owner)
                kept.append(f'{indent}raise NotImplementedError("{title(owner)}")')
        elif marker == END:
            if opened is None:
                raise BadMaster(f"Line {number}: a region ends here that never began.")
            opened, after_gap = None, line == END
        elif opened is None and not (after_gap and not marker):
            kept.append(line)
            after_gap = False
    if opened is not None:
        raise BadMaster(f"Line {opened}: the region begun here has no end.")
    unsolved = [name for name in QUESTIONS if name not in solved]
    if unsolved:
        raise BadMaster(f"The master has no region for {', '.join(unsolved)}: mark its solution.")
    return "\n".join(kept).rstrip("\n") + "\n"


def title(name: str) -> str:
    """What a stub says: its question and its name."""
    return f"Question {QUESTIONS[name]}: {name}"


def _owners(master: str) -> dict[int, str]:
    """Line number to the name of the top-level function or class around it."""
    owners: dict[int, str] = {}
    for node in ast.parse(master).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                owners[line] = node.name
    return owners


def _question_owner(owners: dict[int, str], line: int) -> str:
    owner = owners.get(line)
    if owner not in QUESTIONS:
        raise BadMaster(
            f"Line {line}: a region in {owner or 'no function'}, which belongs to no question; "
            "name it in QUESTIONS or move the region."
        )
    return owner


def build_stub(check: bool = False) -> int:
    """Write solution.py, or with `check` only compare; return the exit status."""
    try:
        stub = make_stub(REFERENCE.read_text(encoding="utf-8"))
    except (BadMaster, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if not check:
        write_text_atomically(STUB, stub)
        return 0
    if not STUB.is_file() or STUB.read_text(encoding="utf-8") != stub:
        print(
            "solution.py is not what instructor/solution.py gives: run python -m authoring build "
            "and commit the result.",
            file=sys.stderr,
        )
        return 1
    return 0
