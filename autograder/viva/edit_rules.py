"""Find small edits of a solution.py: one operator, limit or function name on one line.

This module runs in the sandbox, with a student's text as data: parsing hostile text can crash
Python. It therefore imports the standard library only. `autograder.viva.edits` checks what comes
back and applies the edits.
"""

import ast
import re
from collections.abc import Iterator

LINE_END = re.compile(r"\r\n|\r|\n")  # as Python counts lines
MOST_EDITS = 400
ZERO_POINTS = frozenset({"zero_point", "zero", "zp", "z"})
CLAMPS = frozenset({"clamp", "clip", "clamp_", "clip_"})
REDUCTIONS = frozenset({"sum", "mean", "amax", "amin", "max", "min"})
DROPPED = {"square": "square", "abs": "absolute", "sqrt": "root"}  # method: rule
OTHER_AXIS = {0: "1", 1: "0", -1: "0"}

# rule, line, first and last byte in the line, replacement, function or class at the top level
EditClaim = tuple[str, int, int, int, str, str]


def find_edits(text: str) -> list[EditClaim]:
    """Return the edits of `text`, in the order of its lines.

    Lines count from 1, columns count bytes of UTF-8 from 0. Of two definitions of a name at the
    top level only the last one counts.

    Raises:
        SyntaxError: `text` is not Python.
    """
    text = text.removeprefix("\ufeff")
    lines = [line.encode() for line in LINE_END.split(text)]
    tree = ast.parse(text)
    last = {node.name: node for node in tree.body if isinstance(node, DEFINITIONS)}
    edits = [
        (*edit, name)
        for name, definition in last.items()
        for node in ast.walk(definition)
        for edit in _edits_of(node, lines)
    ]
    return sorted(set(edits), key=lambda edit: edit[1:])[:MOST_EDITS]


DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
_Edit = tuple[str, int, int, int, str]


def _edits_of(node: ast.AST, lines: list[bytes]) -> Iterator[_Edit]:
    if not isinstance(node, ast.BinOp | ast.Call) or node.lineno != node.end_lineno:
        return
    if isinstance(node, ast.BinOp):
        yield from _of_operator(node, lines)
    elif isinstance(node.func, ast.Attribute):
        yield from _of_call(node, node.func, lines)


def _of_operator(node: ast.BinOp, lines: list[bytes]) -> Iterator[_Edit]:
    line, left, right = node.lineno, node.left, node.right
    between = lines[line - 1][left.end_col_offset : right.col_offset]
    symbol = {ast.Sub: b"-", ast.Add: b"+", ast.Div: b"/", ast.Pow: b"**"}.get(type(node.op))
    if symbol is None or symbol not in between:
        return
    left_end, end = left.end_col_offset or 0, node.end_col_offset or 0
    start = left_end + between.index(symbol)
    stop = start + len(symbol)
    before = left_end + len(between.split(symbol)[0].rstrip())  # behind closing parentheses
    if isinstance(node.op, ast.Pow):
        if _is_number(right, 2):
            yield "square", line, before, end, ""
        elif _is_number(left, 2) and isinstance(right, ast.BinOp) and _is_less_one(right):
            kept = lines[line - 1][right.left.col_offset : right.left.end_col_offset].decode()
            yield "power", line, right.col_offset, right.end_col_offset or 0, kept
    elif isinstance(node.op, ast.Div):
        if not isinstance(right, ast.Constant):
            yield "multiply", line, start, stop, "*"
    elif _is_zero_point(right):
        yield "zero point", line, before, end, ""
        yield "sign", line, start, stop, "+" if symbol == b"-" else "-"
    elif _is_number(right, 1) and isinstance(left, ast.BinOp) and isinstance(left.op, ast.Pow):
        yield "largest code", line, before, end, ""
    elif not isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
        yield "sign", line, start, stop, "+" if symbol == b"-" else "-"


def _of_call(node: ast.Call, name: ast.Attribute, lines: list[bytes]) -> Iterator[_Edit]:
    if name.end_lineno != node.lineno:
        return
    line, called = node.lineno, name.attr
    end = name.end_col_offset or 0
    start = end - len(called.encode())
    if called in ("round", "round_"):
        yield "floor", line, start, end, called.replace("round", "floor")
    elif called in ("sub", "add", "sub_", "add_") and node.args and _is_zero_point(node.args[0]):
        other = called.replace("sub", "add") if "sub" in called else called.replace("add", "sub")
        yield "sign", line, start, end, other
    elif called == "mean" and not node.keywords and not _is_axis(node):
        yield "mean", line, start, end, "sum"
    if called in DROPPED and not node.keywords:
        if _is_torch(name.value) and len(node.args) == 1:
            yield DROPPED[called], line, name.col_offset, end, ""
        elif not _is_torch(name.value) and not node.args:
            yield DROPPED[called], line, start - 1, node.end_col_offset or 0, ""
    if called in REDUCTIONS:
        yield from _of_axis(node)
    if called in CLAMPS:
        yield from _of_limits(node, name, lines)


def _of_axis(node: ast.Call) -> Iterator[_Edit]:
    axes = [keyword.value for keyword in node.keywords if keyword.arg in ("dim", "axis")]
    for axis in axes or node.args:
        value = _whole_number(axis)
        if value in OTHER_AXIS:
            place = (axis.col_offset, axis.end_col_offset or 0)
            yield "axis", node.lineno, *place, OTHER_AXIS[value]


def _of_limits(node: ast.Call, name: ast.Attribute, lines: list[bytes]) -> Iterator[_Edit]:
    positional = node.args[1:] if _is_torch(name.value) else node.args
    limits = dict(zip(("min", "max"), positional, strict=False))
    limits |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    for which, change in (("min", " + 1"), ("max", " - 1")):
        limit = limits.get(which)
        if limit is not None and limit.lineno == limit.end_lineno:
            first, last = limit.col_offset, limit.end_col_offset or 0
            kept = lines[limit.lineno - 1][first:last].decode()
            if not isinstance(limit, ast.Name | ast.Constant | ast.BinOp):
                kept = f"({kept})"
            rule = "lower limit" if which == "min" else "upper limit"
            yield rule, limit.lineno, first, last, kept + change


def _is_zero_point(node: ast.expr) -> bool:
    """Return whether an operand is the zero point, perhaps converted by a call."""
    if isinstance(node, ast.Call) and len(node.args) == 1:
        node = node.args[0]
    if isinstance(node, ast.Attribute):
        return node.attr in ZERO_POINTS
    return isinstance(node, ast.Name) and node.id in ZERO_POINTS


def _is_torch(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "t", "np", "numpy")


def _is_axis(node: ast.Call) -> bool:
    return any(_whole_number(argument) is not None for argument in node.args)


def _is_less_one(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.Sub) and _is_number(node.right, 1)


def _is_number(node: ast.expr, value: int) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value == value


def _whole_number(node: ast.expr) -> int | None:
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return sign * node.value
    return None
