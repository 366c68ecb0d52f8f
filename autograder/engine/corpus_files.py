"""Read the files of known submissions: one case in a file, or a family of cases in one file.

A family file is Python that is parsed and never imported. Each case is a function below a decorator
that describes it:

    @cheat("becomes root again", **CLOSED)
    def another_user():
        def linear_dequantize(input, scale, zero_point):
            os.setresuid(0, 0, 0)
            return scale * (input + zero_point)

The code of a case is the body of its function, below those statements of the file that it uses
(imports, constants, helpers). The arguments of a decorator are literals, or names of literals that
the file assigns. The first positional argument is the case's title.

A file of one case begins with a docstring in TOML that holds the same keys; the rest is its code,
which may use former module names (`old_module_names`).
"""

import ast
import functools
import io
import re
import symtable
import tokenize
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.engine.old_module_names import translate
from autograder.errors import BadCorpus

_MULTILINE = re.compile(r"\"{3}|'{3}|\\\n")  # a string may continue on the next line


@dataclass(frozen=True)
class CaseText:
    """Hold one case as it is written. `decorator` and `title` are empty in a file of one case."""

    name: str
    place: str
    decorator: str
    title: str
    values: Mapping[str, Any]
    code: str


def read_cases(path: Path) -> Iterator[CaseText]:
    """Yield the cases of a file, in its order.

    Raises:
        BadCorpus: the file does not parse, or the description of a case is not made of literals.
    """
    text = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise BadCorpus(f"{path} is not Python: {error}.") from error
    if any(_decorator(statement) for statement in tree.body):
        yield from _Family(path, text, tree).cases()
    else:
        yield _single(path, text, tree)


def _single(path: Path, text: str, tree: ast.Module) -> CaseText:
    try:
        values = tomllib.loads(ast.get_docstring(tree) or "")
    except tomllib.TOMLDecodeError as error:
        raise BadCorpus(f"{path} has no docstring in TOML: {error}.") from error
    return CaseText(path.stem, str(path), "", "", values, translate(text))


def _decorator(statement: ast.stmt) -> ast.Call | None:
    """Return the description of a case; None for a statement that is no case."""
    if not isinstance(statement, ast.FunctionDef) or len(statement.decorator_list) != 1:
        return None
    call = statement.decorator_list[0]
    is_name = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    return call if is_name and not statement.args.args else None  # type: ignore[return-value]


class _Family:
    """One file of cases and what they share."""

    def __init__(self, path: Path, text: str, tree: ast.Module) -> None:
        self.path = path
        self.lines = text.splitlines(keepends=True)
        self.tree = tree
        self.shared = [s for s in tree.body if not _decorator(s) and _bound(s)]
        self.literals = dict(self._literals())

    def _literals(self) -> Iterator[tuple[str, Any]]:
        for statement in self.shared:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                try:
                    yield statement.targets[0].id, ast.literal_eval(statement.value)
                except ValueError:
                    continue  # computed: a helper of the cases' code

    def cases(self) -> Iterator[CaseText]:
        for statement in self.tree.body:
            call = _decorator(statement)
            if call and isinstance(statement, ast.FunctionDef):
                place = f"{self.path}, line {statement.lineno}"
                title, values = self._description(call, place)
                assert isinstance(call.func, ast.Name)
                code = self._code(statement)
                yield CaseText(statement.name, place, call.func.id, title, values, code)

    def _description(self, call: ast.Call, place: str) -> tuple[str, dict[str, Any]]:
        values: dict[str, Any] = {}
        try:
            (title,) = (self._value(argument) for argument in call.args)
            for keyword in call.keywords:
                value = self._value(keyword.value)
                values.update({keyword.arg: value} if keyword.arg else value)
        except (ValueError, KeyError, TypeError) as error:
            raise BadCorpus(
                f"{place}: expected a title and keywords made of literals, or of names that this "
                f"file assigns literals to; got {ast.unparse(call)}."
            ) from error
        return str(title), values

    def _value(self, node: ast.expr) -> Any:
        return self.literals[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)

    def _code(self, function: ast.FunctionDef) -> str:
        body = self._body(function)
        wanted = _used(body) - {name for statement in function.body for name in _bound(statement)}
        imports: list[str] = []
        helpers: list[str] = []
        for statement in reversed(self.shared):
            if names := wanted.intersection(_bound(statement)):
                text = self._text(statement, names)
                (imports if _is_import(statement) else helpers).insert(0, text)
                wanted |= _used(text)
        return "\n\n".join(["".join(imports)] * bool(imports) + helpers + [body])

    def _text(self, statement: ast.stmt, names: frozenset[str]) -> str:
        """Return a shared statement as it is written; of an import only what is wanted."""
        if isinstance(statement, ast.ImportFrom):
            kept = [alias for alias in statement.names if (alias.asname or alias.name) in names]
            statement = ast.ImportFrom(statement.module, kept, statement.level)
            return ast.unparse(statement) + "\n"
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(node.lineno for node in decorators)])
        return "".join(self.lines[first - 1 : statement.end_lineno])

    def _body(self, function: ast.FunctionDef) -> str:
        """Return the body's lines, comments included, four columns to the left."""
        start = function.lineno
        while not self.lines[start - 1].rstrip().endswith(":"):
            start += 1
        lines = self.lines[start : function.end_lineno]
        keep = _lines_inside_strings("".join(self.lines[start - 1 : function.end_lineno]))
        return "".join(
            line if number in keep else line.removeprefix("    ")
            for number, line in enumerate(lines, start=2)
        )


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _bound(statement: ast.stmt) -> frozenset[str]:
    """Return the names that a statement gives a value at its own level."""
    match statement:
        case ast.Import() | ast.ImportFrom():
            names: Iterable[str] = (a.asname or a.name.split(".")[0] for a in statement.names)
        case ast.FunctionDef() | ast.ClassDef():
            names = (statement.name,)
        case ast.Assign():
            nodes = [node for target in statement.targets for node in ast.walk(target)]
            names = (
                node.id
                for node in nodes
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )
        case _:
            names = ()
    return frozenset(names)


@functools.cache
def _used(source: str) -> frozenset[str]:
    """Return the names that code reads from the module around it."""
    scopes = [symtable.symtable(source, "case", "exec")]
    names = set()
    for scope in scopes:  # grows while it is read
        scopes += scope.get_children()
        outermost = scope.get_type() == "module"
        names |= {
            symbol.get_name()
            for symbol in scope.get_symbols()
            if symbol.is_referenced() and (outermost or symbol.is_global())
        }
    return frozenset(names)


def _lines_inside_strings(text: str) -> frozenset[int]:
    """Return the numbers of the lines that begin inside a string: they keep their columns."""
    if not _MULTILINE.search(text):
        return frozenset()
    strings = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    return frozenset(
        number
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type in strings
        for number in range(token.start[0] + 1, token.end[0] + 1)
    )
