"""The names of a notebook that come from solution.py, and their values after an edit.

`from solution import f as g` binds `g` to one version of `f`. `ImportedNames` reads the cells
before they run and records such names. A value alone does not show its origin: the 4 of
`from solution import BITS` and the 4 of `bits = 4` are one object. `rebind` assigns the values of
the new version. A name that a cell has bound to something else keeps its value.
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
        """Start without names."""
        self._attributes: dict[str, str] = {}  # name in the notebook: name in solution.py
        self._by_star: set[str] = set()
        self._star = False

    def note(self, cell: str, public: Iterable[str]) -> None:
        """Record what the Python code `cell` imports and binds; `public` is what a star imports.

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
                self._attributes.update({attribute: attribute for attribute in public})
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
            if attributes := names_of.get(id(value)):
                if _belongs(value) or isinstance(value, _MUTABLE):
                    namespace[name] = after.get(_likeliest(attributes, name, value), value)
            elif attributes := names_of.get(id(type(value))):
                _change_class(value, after.get(attributes[0]))

    def _rebind_import(
        self,
        name: str,
        attribute: str,
        namespace: dict[str, Any],
        before: Sequence[Mapping[str, Any]],
        after: Mapping[str, Any],
    ) -> None:
        value = namespace.get(name, _ABSENT)
        is_ours = any(value is values.get(attribute, _ABSENT) for values in before)
        if value is not _ABSENT and not is_ours and not _belongs(value):
            return  # bound to something else, by code that was not a cell
        if attribute in after:
            namespace[name] = after[attribute]
        elif value is not _ABSENT and (name not in self._by_star or _belongs(value)):
            del namespace[name]


def public_names(names: Mapping[str, Any]) -> list[str]:
    """Return the names that `from module import *` binds, for the names of a module."""
    listed = names.get("__all__")
    if isinstance(listed, list | tuple):
        return [name for name in listed if isinstance(name, str) and name in names]
    return [name for name in names if not name.startswith("_")]


def runnable_code(cell: str) -> str:
    """Return the code of a cell that runs in the notebook: "" for most cell magics."""
    first, _, rest = cell.lstrip().partition("\n")
    if not first.startswith("%%"):
        return cell
    return rest if first.split()[0] in RUNNING_MAGICS else ""


def _bindings(tree: ast.Module) -> Iterable[tuple[str, str]]:
    """Return every (name, attribute) that code binds in its own scope, in order.

    The attribute is that of solution.py, "*" for all of them, "" for another origin.
    """
    visitor = _BindingVisitor()
    visitor.visit(tree)
    return visitor.bindings


class _BindingVisitor(ast.NodeVisitor):
    def __init__(self) -> None:
        self.bindings: list[tuple[str, str]] = []

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        ours = node.module == SOLUTION and node.level == 0
        for alias in node.names:
            self.bindings.append((alias.asname or alias.name, alias.name if ours else ""))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.bindings.append((alias.asname or alias.name.split(".")[0], ""))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.bindings.append((node.name, ""))  # its body has a scope of its own

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.bindings.append((node.name, ""))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bindings.append((node.name, ""))

    def visit_Lambda(self, node: ast.Lambda) -> None:
        pass

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.visit(node.iter)  # the target is local to the comprehension
        for condition in node.ifs:
            self.visit(condition)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.bindings.append((node.id, ""))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bindings.append((node.name, ""))
        self.generic_visit(node)


def _belongs(value: Any) -> bool:
    """Return whether solution.py defines this function or class, or the class of a bound method."""
    try:
        owner = getattr(value, "__self__", value)
        return bool(getattr(owner, "__module__", None) == SOLUTION)
    except Exception:  # an object whose attributes cannot be read
        return False


def _likeliest(attributes: list[str], name: str, value: Any) -> str:
    """Return the attribute, among several with one value, that a name refers to."""
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
