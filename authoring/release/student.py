"""Build the student bundle: everything that a student works with, without answers.

There are two. `colab_files` is what the notebook downloads in Colab. `student_bundle` adds the
notebook, which contains the address and the SHA-256 of the first. (A single bundle would have to
contain its own digest.)
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from authoring.build import notebook
from authoring.build.notebook import student_notebook
from authoring.release.bundle import Bundle, Packing
from quantlab.paths import DATASETS, KIT

HANDED_OUT = Path(__file__).with_name("handed_out")
NOTEBOOK = "main.ipynb"
SOLUTION = "solution.py"
COLAB_ZIP = "colab.zip"
PAGES = ("handout.md", "glossary.md", "reading-path.md")  # of docs/
IF_THERE = ("LICENSE", "CITATION.cff")
WITH_THE_NOTEBOOK = frozenset({"jupyter", "ipywidgets"})
NOT_FOR_STUDENTS = frozenset({"click", "jinja2", "rich"})  # the grader's reports and commands
_PACKAGE = re.compile(r"[A-Za-z0-9_.-]+")


def colab_files(kit: Path = KIT) -> Bundle:
    """Return the bundle without its notebook. Raises `BadBundle`."""
    packing = Packing("the student bundle")
    packing.copy(kit / SOLUTION, SOLUTION)
    packing.copy_tree(kit / "quantlab", "quantlab", "*.py")
    packing.copy_tree(kit / "quantlab", "quantlab", "*.json")
    packing.copy_tree(kit / "tests" / "public", "tests/public")
    for dataset in DATASETS:
        for kind in ("pt", "json"):
            name = f"checkpoints/resnet20_{dataset}.{kind}"
            packing.copy(kit / name, name)
    packing.copy(kit / "data" / "README.md", "data/README.md")
    packing.copy(kit / "docs" / "student.md", "README.md")
    for name in PAGES:
        packing.copy(kit / "docs" / name, name)
    packing.copy(HANDED_OUT / "AGENTS.md", "AGENTS.md")
    packing.add("requirements.txt", requirements(kit))
    for name in IF_THERE:
        if (kit / name).is_file():
            packing.copy(kit / name, name)
    return packing.pack()


def student_bundle(files: Bundle, address: str) -> Bundle:
    """Return `files` and the notebook, which in Colab downloads them from `address`.

    Without an address the notebook reports in Colab that its files have no address.
    """
    packing = Packing("the student bundle")
    packing.include(files)
    packing.add(NOTEBOOK, student_notebook(where_to_fetch(files, address)))
    return packing.pack()


def where_to_fetch(files: Bundle, address: str) -> notebook.Bundle:
    """Return the address and digest of the files that a notebook downloads in Colab."""
    if not address:
        return notebook.Bundle()
    return notebook.Bundle(url=address, sha256=hashlib.sha256(files.to_zip()).hexdigest())


def requirements(kit: Path = KIT, for_the_grader: bool = False) -> str:
    """Return requirements.txt: the kit's packages for the grader, or a student's with Jupyter."""
    project: Mapping = tomllib.loads((kit / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["project"]["dependencies"]
    if for_the_grader:
        return "".join(f"{package}\n" for package in packages)
    for_students = [package for package in packages if _name(package) not in NOT_FOR_STUDENTS]
    extra = project["project"]["optional-dependencies"]["notebook"]
    for_students += [package for package in extra if _name(package) in WITH_THE_NOTEBOOK]
    return "".join(f"{package}\n" for package in for_students)


def _name(requirement: str) -> str:
    match = _PACKAGE.match(requirement)
    return match.group().lower() if match else ""
