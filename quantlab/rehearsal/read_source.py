"""Find by reading solution.py what the grader would refuse while it imports the file.

Nothing is run. Statements inside functions are not looked at, except imports of withheld modules:
whether they run is not known. `quantlab.check` prints `refusal` in the notebook, where the file was
imported with the notebook's packages and files.
"""

import ast
from collections.abc import Iterator, Sequence

from quantlab.protocol.failure_reasons import FILE
from quantlab.protocol.import_policy import WITHHELD, is_installed

_CALLS = frozenset({"get_ipython", "input", "exit", "quit", "display"})
_GUARDS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_MOST_SHOWN = 3
_LONGEST = 60  # characters of a statement


def refusal(source: str) -> str:
    """Return the sentence on what the grader would refuse in `source`, "" if it is nothing.

    Examples:
        >>> refusal("import torch")
        ''
        >>> refusal("from google.colab import files").partition(":")[0]
        'The grader would refuse this in solution.py'
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""  # importing the file says more
    refused = dict(sorted({**_withheld_imports(tree), **dict(_refused(tree.body))}.items()))
    if not refused:
        return ""
    lines = source.splitlines()
    shown = [f"line {n} (`{lines[n - 1].strip()[:_LONGEST]}`)" for n in refused][:_MOST_SHOWN]
    if len(refused) > _MOST_SHOWN:
        shown.append(f"{len(refused) - _MOST_SHOWN} more")
    return (
        f"The grader would refuse this in {FILE}: {', '.join(shown)}. Remove it, or put it under "
        '`if __name__ == "__main__":`.'
    )


def _withheld_imports(tree: ast.Module) -> dict[int, str]:
    """Return {line: module} of the modules that hold ready-made versions of graded functions."""
    return {
        node.lineno: module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in _modules(node)
        if module in WITHHELD
    }


def _refused(statements: Sequence[ast.stmt]) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of what is refused among statements that run during the import."""
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) or _is_main(statement):
            continue
        is_guarded = isinstance(statement, ast.Try) and _catches_imports(statement)
        for name, field in ast.iter_fields(statement):
            if isinstance(field, list) and field and isinstance(field[0], ast.stmt):
                if not (is_guarded and name == "body"):
                    yield from _refused(field)
            elif name == "handlers":
                for handler in field:
                    yield from _refused(handler.body)
        for module in _modules(statement):
            if not is_installed(module):
                yield statement.lineno, module
        if isinstance(statement, ast.Expr | ast.Assign):
            yield from _refused_calls(statement)


def _refused_calls(statement: ast.stmt) -> Iterator[tuple[int, str]]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Lambda):
            return
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
                yield node.lineno, name


def _modules(node: ast.AST) -> list[str]:
    """Return the modules that a statement may import."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _is_main(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test)


def _catches_imports(statement: ast.Try) -> bool:
    return any(
        handler.type is None or any(name in ast.unparse(handler.type) for name in _GUARDS)
        for handler in statement.handlers
    )
