"""Which names of a notebook come from solution.py, and what they are after an edit of it.

`from solution import f as g` binds `g` to one version of `f`. `ImportedNames` reads the cells
before they run and remembers such names, because a value alone does not say where it comes from:
the 4 of `from solution import BITS` and the 4 of `bits = 4` are one object. `rebind` then gives
these names the values of the new version. A name that a cell has bound to something else is left
alone.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

SOLUTION = "solution"
RUNNING_MAGICS = ("%%time", "%%capture", "%%prun")  # the rest of such a cell runs in the notebook
_MUTABLE = (dict, list, set, Tensor)  # two values of these types are never one object by chance
_ABSENT = object()


class ImportedNames:
    """The names that the cells so far have imported from solution.py."""

    def __init__(self) -> None:
        self._attributes: dict[str, str] = {}  # name in the notebook: name in solution.py
        self._by_star: set[str] = set()
        self._star = False

    def note(self, cell: str, public: Iterable[str]) -> None:
        """Remember what the Python code `cell` imports and binds; `public` is what a star imports.

        Code that does not parse is ignored: it does not run either.
        """
        try:
            tree = ast.parse(cell)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        for name, attribute in _bindings(tree):
            self._by_star.discard(name)
            if attribute == "*":
                self._star = True
                self._by_star.update(public)
                self._attributes.update({one: one for one in public})
            elif attribute:
                self._attributes[name] = attribute
            else:
                self._attributes.pop(name, None)

    def rebind(
        self,
        namespace: dict[str, Any],
        before: Sequence[Mapping[str, Any]],
        after: Mapping[str, Any],
    ) -> None:
        """Update `namespace` for a new version of solution.py, {name: value} `after` it.

        `before` are the values of the last version as it was executed and as the module holds them
        now, which differ after `importlib.reload`. Imported names follow, and so do other names for
        its functions, classes and containers. An imported name that solution.py no longer has is
        deleted. Instances of its classes become instances of the new ones.
        """
        for name, attribute in self._attributes.items():
            self._rebind_import(name, attribute, namespace, before, after)
        if self._star:
            for name in public_names(after):
                if name not in namespace and not any(name in values for values in before):
                    self._by_star.add(name)
                    self._attributes[name] = name
                    namespace[name] = after[name]
        names_of: dict[int, list[str]] = {}
        for values in before:
            for attribute, value in values.items():
                names_of.setdefault(id(value), []).append(attribute)
        for name, value in list(namespace.items()):
            if name in self._attributes or not name.strip("_0123456789"):  # IPython's _, __, _12
                continue
            if found := names_of.get(id(value)):
                if _belongs(value) or isinstance(value, _MUTABLE):
                    namespace[name] = after.get(_likeliest(found, name, value), value)
            elif found := names_of.get(id(type(value))):
                _change_class(value, after.get(found[0]))

    def _rebind_import(
        self,
        name: str,
        attribute: str,
        namespace: dict[str, Any],
        before: Sequence[Mapping[str, Any]],
        after: Mapping[str, Any],
    ) -> None:
        value = namespace.get(name, _ABSENT)
        known = any(value is values.get(attribute, _ABSENT) for values in before)
        if value is not _ABSENT and not known and not _belongs(value):
            return  # bound to something else, by code that was not a cell
        if attribute in after:
            namespace[name] = after[attribute]
        elif value is not _ABSENT and (name not in self._by_star or _belongs(value)):
            del namespace[name]


def public_names(names: Mapping[str, Any]) -> list[str]:
    """Return what `from module import *` would bind, for the names of a module."""
    listed = names.get("__all__")
    if isinstance(listed, list | tuple):
        return [name for name in listed if isinstance(name, str) and name in names]
    return [name for name in names if not name.startswith("_")]


def runnable_code(cell: str) -> str:
    """Return the code of a cell that runs in the notebook: nothing of most cell magics."""
    first, _, rest = cell.lstrip().partition("\n")
    if not first.startswith("%%"):
        return cell
    return rest if first.split()[0] in RUNNING_MAGICS else ""


def _bindings(tree: ast.Module) -> Iterable[tuple[str, str]]:
    """Yield every name that code binds in its own scope, in order.

    With the name comes its attribute in solution.py, "*" for all of them, "" for another origin.
    """
    visitor = _Visitor()
    visitor.visit(tree)
    return visitor.found


class _Visitor(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        ours = node.module == SOLUTION and node.level == 0
        for alias in node.names:
            self.found.append((alias.asname or alias.name, alias.name if ours else ""))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.found.append((alias.asname or alias.name.split(".")[0], ""))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.found.append((node.name, ""))  # what is bound inside is not bound here

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.found.append((node.name, ""))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.found.append((node.name, ""))

    def visit_Lambda(self, node: ast.Lambda) -> None:
        pass

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.visit(node.iter)  # the target is local to the comprehension
        for condition in node.ifs:
            self.visit(condition)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.found.append((node.id, ""))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.found.append((node.name, ""))
        self.generic_visit(node)


def _belongs(value: Any) -> bool:
    """Return whether solution.py defines this function or class, or the class of a bound method."""
    try:
        owner = getattr(value, "__self__", value)
        return bool(getattr(owner, "__module__", None) == SOLUTION)
    except Exception:  # an object whose attributes cannot be read
        return False


def _likeliest(attributes: list[str], name: str, value: Any) -> str:
    """Return which of several attributes with one value a name stands for."""
    for candidate in (name, getattr(value, "__name__", "")):
        if candidate in attributes:
            return candidate
    return attributes[0]


def _change_class(value: Any, new: Any) -> None:
    if isinstance(new, type) and getattr(type(value), "__module__", None) == SOLUTION:
        try:
            object.__setattr__(value, "__class__", new)
        except TypeError:  # another memory layout: it stays what it was
            return
