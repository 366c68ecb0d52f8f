"""The imports of the packages are those that docs/architecture.md allows."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from quantlab.paths import KIT

PACKAGES = ("quantlab", "autograder", "authoring", "instructor", "baselines", "benchmarks")
EXEMPT = ("instructor/corpus/", "instructor/stand_ins/", "authoring/release/handed_out/")
ROW = re.compile(r"^\| `([\w.]+)` \|[^|]*\|([^|]*)\|$", re.MULTILINE)
NAME = re.compile(r"(all of )?`([\w.]+)`")


def allowed_imports(text: str) -> Mapping[str, frozenset[str]]:
    """Return {package: packages it may import} from the table of architecture.md."""
    rows = dict(ROW.findall(text))
    return {
        package: frozenset(
            name
            for whole, named in NAME.findall(cell)
            for name in rows
            if name == named or (whole and name.startswith(f"{named}."))
        )
        for package, cell in rows.items()
    }


def package_of(module: str, packages: Mapping[str, object]) -> str:
    """Return the row of the table that a module belongs to, the most specific one."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in packages), "")


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the modules of the kit that a file imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.partition(".")[0] in PACKAGES)


def violations(kit: Path, text: str) -> list[str]:
    """Return a sentence for each import that the table does not allow."""
    allowed = allowed_imports(text)
    sentences = []
    for path in sorted(path for package in PACKAGES for path in (kit / package).rglob("*.py")):
        place = path.relative_to(kit).as_posix()
        if place.startswith(EXEMPT):
            continue
        package = package_of(place.removesuffix(".py").replace("/", "."), allowed)
        for module in imported_modules(path):
            target = package_of(module, allowed)
            if target != package and target not in allowed.get(package, ()):
                sentences.append(f"{place} imports {module}: {package} may not import {target}.")
    return sentences


def test_imports_are_those_of_the_architecture():
    text = (KIT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert violations(KIT, text) == []


def test_packages_do_not_import_each_other_in_a_circle():
    allowed = allowed_imports((KIT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    # `quantlab` and `autograder` as rows are the few modules that are directly in them
    rooms = {name: targets for name, targets in allowed.items() if "." in name}
    order: list[str] = []
    while len(order) < len(rooms):
        ready = [n for n in rooms if n not in order and rooms[n] & rooms.keys() <= {*order, n}]
        assert ready, f"a circle among {sorted(rooms.keys() - set(order))}"
        order += ready


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("quantlab/training/loop.py", "from autograder.engine import rubric\n"),
        ("quantlab/data/loop.py", "def f():\n    import quantlab.training.trainer\n"),
        ("instructor/solution.py", "from authoring.build import stub\n"),
    ],
)
def test_violations_name_a_forbidden_import(tmp_path: Path, place: str, line: str):
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text(line)
    text = (KIT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (sentence,) = violations(tmp_path, text)
    assert sentence.startswith(f"{place} imports ")
