"""The student bundle: everything a student works with, and nothing that tells an answer.

It exists twice. `colab_files` is what the notebook fetches when it is opened in Colab, where it is
no file itself; `student_bundle` adds the notebook, which names the address of the former and its
SHA-256. (One bundle for both would have to contain its own digest.)
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
IF_THERE = ("LICENSE", "CITATION.cff")
NOT_FOR_STUDENTS = frozenset({"click", "jinja2", "rich"})  # the grader's reports and commands
_PACKAGE = re.compile(r"[A-Za-z0-9_.-]+")


def colab_files(kit: Path = KIT) -> Bundle:
    """The bundle without its notebook. Raises `BadBundle`."""
    packing = Packing("the student bundle")
    packing.copy(kit / SOLUTION, SOLUTION)
    packing.copy_tree(kit / "quantlab", "quantlab", "*.py")
    packing.copy_tree(kit / "tests" / "public", "tests/public")
    for dataset in DATASETS:
        for kind in ("pt", "json"):
            name = f"checkpoints/resnet20_{dataset}.{kind}"
            packing.copy(kit / name, name)
    packing.copy(kit / "data" / "README.md", "data/README.md")
    packing.copy(kit / "docs" / "student.md", "README.md")
    packing.copy(HANDED_OUT / "AGENTS.md", "AGENTS.md")
    packing.add("requirements.txt", requirements(kit))
    for name in IF_THERE:
        if (kit / name).is_file():
            packing.copy(kit / name, name)
    return packing.pack()


def student_bundle(files: Bundle, address: str) -> Bundle:
    """`files` and the notebook, which in Colab fetches them from `address` and checks them.

    Without an address the notebook says in Colab that it does not know where its files are.
    """
    packing = Packing("the student bundle")
    packing.include(files)
    packing.add(NOTEBOOK, student_notebook(where_to_fetch(files, address)))
    return packing.pack()


def where_to_fetch(files: Bundle, address: str) -> notebook.Bundle:
    """What a notebook has to know of the files that it fetches in Colab."""
    if not address:
        return notebook.Bundle()
    return notebook.Bundle(url=address, sha256=hashlib.sha256(files.to_zip()).hexdigest())


def requirements(kit: Path = KIT, for_the_grader: bool = False) -> str:
    """The packages to install: the kit's own for the grader; for students, outside Colab, without
    what only the grader needs, and with Jupyter."""
    project: Mapping = tomllib.loads((kit / "pyproject.toml").read_text(encoding="utf-8"))
    needed_by_kit = project["project"]["dependencies"]
    if for_the_grader:
        return "".join(f"{needed}\n" for needed in needed_by_kit)
    wanted = [needed for needed in needed_by_kit if _package(needed) not in NOT_FOR_STUDENTS]
    extra = project["project"]["optional-dependencies"]["notebook"]
    wanted += [needed for needed in extra if _package(needed) == "jupyter"]
    return "".join(f"{needed}\n" for needed in wanted)


def _package(requirement: str) -> str:
    found = _PACKAGE.match(requirement)
    return found.group().lower() if found else ""
