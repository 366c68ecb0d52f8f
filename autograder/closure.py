"""One function of the reference with everything it needs, and nothing else, as source.

Where a check replaces what a function leans on by the reference's own, this is what travels: it
must not bring the function that is being marked along.
"""

import ast
from collections.abc import Iterable, Iterator

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


def closure(source: str, name: str) -> str:
    """The imports of `source` and the definitions that `name` reaches, in their order.

    Raises KeyError if `source` defines no such name.
    """
    tree = ast.parse(source)
    definitions = {
        defined: node
        for node in tree.body
        if isinstance(node, Definition)
        for defined in _defined(node)
    }
    needed: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in needed:
            needed.add(current)
            waiting += [used for used in _used(definitions[current]) if used in definitions]
    parts = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    wanted = {id(definitions[one]) for one in needed}
    kept = [*parts, *(node for node in tree.body if id(node) in wanted)]
    return "\n".join(ast.unparse(node) for node in kept) + "\n"


def _defined(node: Definition) -> Iterable[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _used(node: Definition) -> Iterator[str]:
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
