"""A student's desk in a temporary folder: the kit, a notebook, a solution.py; and running it."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from authoring.release.notebook_check import execute

KIT = Path(__file__).resolve().parents[2]
RELEASED = ("quantlab", "checkpoints")  # what the notebook needs beside solution.py
STUDENT = "alovelace"


def lay_out(folder: Path, notebook: str, solution: str) -> Path:
    """A copy of what a student is given, with this notebook and this solution.py in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in RELEASED:
        shutil.copytree(KIT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    if not (folder / "quantlab" / "check.py").exists():
        (folder / "quantlab" / "check.py").write_text(STAND_IN_CHECK)
    public = KIT / "tests" / "public"
    if public.is_dir():
        shutil.copytree(public, folder / "tests" / "public")
    (folder / "main.ipynb").write_text(notebook)
    (folder / "solution.py").write_text(solution)
    return folder


def run(folder: Path, kernel: str = "python3", **environment: str) -> Any:
    """Run main.ipynb in `folder` top to bottom with FAST=1; the notebook with its outputs.

    An error in a cell ends the run as `DoesNotRun`. CIFAR-10 is out of reach.
    """
    notebook = execute(folder, kernel_environment(folder, environment), kernel)
    nbformat.write(notebook, folder / "main.ipynb")
    return notebook


def kernel_environment(folder: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, with FAST, and with a home that nothing else writes into."""
    home = folder.parent / f"home of {folder.name}"
    home.mkdir(exist_ok=True)
    left_out = ("CIFAR10_ROOT", "PYTHONPATH", "STUDENT", "DATASET", "VSCODE_PID", "VSCODE_CWD")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {
        **kept,
        "FAST": "1",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        **extra,
    }


def printed(notebook: Any) -> dict[str, str]:
    """What each cell wrote as text, by the cell's id."""
    texts = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            outputs = [o for o in cell.outputs if o.output_type == "stream" and o.name == "stdout"]
            texts[cell.id] = "".join(output.text for output in outputs)
    return texts


def shown(notebook: Any, kind: str) -> dict[str, int]:
    """How many outputs of this MIME type each cell shows, by the cell's id."""
    return {
        cell.id: sum(kind in output.get("data", {}) for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def answers(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results" / "shapes10-fast" / "answers.json").read_text())


STAND_IN_CHECK = '''"""Stands in for the public checks where they are not built."""


def check(question: str) -> None:
    print(f"{question}: no checks")
'''
