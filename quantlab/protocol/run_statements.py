"""Import a solution statement by statement, and note those that raise or end the program.

This runs a student's code, so it belongs in the sandbox. Its result is a list of statements that
`quantlab.protocol.repair` blanks in the source. `%` and `!` commands of notebooks are on the list
as well.
"""

import __future__

import ast
import re
import types

from quantlab.protocol.execute import new_module
from quantlab.protocol.failure_reasons import Claim
from quantlab.protocol.failures import claim_of
from quantlab.protocol.repair import MOST_COMMANDS, MOST_STATEMENTS, SkippedStatement, blank

# `%time f()`, `!ls`, `?f`, `files = !ls`, `f??`
_COMMAND = re.compile(r"[ \t]*(?:[\w., \t]+=[ \t]*)?[%!?][^=\s]|[ \t]*[\w.]+\?{1,2}[ \t]*$")


def find_statements_to_skip(source: str, name: str = "solution") -> list[SkippedStatement]:
    """Return the statements that keep `source` from being imported, in its order.

    A statement that raises leaves no names behind. The list ends early when it is too long.

    Raises:
        SyntaxError: `source` is not Python, also without commands of notebooks.
        LookupError: no function is left.
    """
    commands = _commands(source, f"{name}.py")
    text = blank(source, commands)
    tree = ast.parse(text, f"{name}.py")
    flags = _future_flags(tree)
    file = f"{name}.py"
    parts = [
        (node, compile(ast.Module([node], []), file, "exec", flags, dont_inherit=True))
        for node in tree.body
    ]
    module = new_module(text, name)
    names = vars(module)
    skipped: list[SkippedStatement] = []
    for node, code in parts:
        claim = _claim(code, names, file)
        if claim is not None:
            skipped.append(_statement(node, claim))
        if len(skipped) > MOST_STATEMENTS:
            break
    if not any(isinstance(value, types.FunctionType) for value in names.values()):
        raise LookupError("no function is left")
    outside = [c for c in commands if not any(_contains(s, c) for s in skipped)]
    return sorted([*outside, *skipped], key=lambda statement: statement.place)


def _claim(code: types.CodeType, names: dict[str, object], file: str) -> Claim | None:
    """Execute a statement and return why it failed; undo what it bound."""
    before = dict(names)
    try:
        exec(code, names)
    except BaseException as error:  # also the end of the program
        names.clear()
        names.update(before)
        return claim_of(error, file=file)
    return None


def _statement(node: ast.stmt, claim: Claim) -> SkippedStatement:
    decorators = getattr(node, "decorator_list", ())
    first = (node.lineno, node.col_offset)
    if decorators:  # the position of a definition is that of its keyword
        first = (min(decorator.lineno for decorator in decorators), 0)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return SkippedStatement(*first, node.end_lineno, node.end_col_offset, claim)


def _contains(outer: SkippedStatement, inner: SkippedStatement) -> bool:
    return outer.place[:2] <= inner.place[:2] and inner.place[2:] <= outer.place[2:]


def _future_flags(tree: ast.Module) -> int:
    """Return the flags of the module's `from __future__` imports, which reach all statements."""
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    return flags


def _commands(source: str, file: str) -> list[SkippedStatement]:
    """Return the commands of notebooks at which Python stops. Raise the first other error."""
    commands: list[SkippedStatement] = []
    while True:
        text = blank(source, commands)
        try:
            ast.parse(text, file)
        except SyntaxError as error:
            lines = re.split(r"\r\n|\r|\n", text)
            line = error.lineno or 0
            if not 1 <= line <= len(lines) or not _COMMAND.match(lines[line - 1]):
                raise
            if len(commands) == MOST_COMMANDS:
                raise
            commands.append(_command(lines, line))
            commands.sort(key=lambda command: command.place)
        else:
            return commands


def _command(lines: list[str], line: int) -> SkippedStatement:
    last = line
    while lines[last - 1].endswith("\\") and last < len(lines):
        last += 1
    indentation = len(lines[line - 1]) - len(lines[line - 1].lstrip(" \t"))
    return SkippedStatement(
        line, indentation, last, len(lines[last - 1].encode()), Claim("command", line=line)
    )
