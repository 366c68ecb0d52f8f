"""Proof that the notebooks run from top to bottom, and the solved one with its outputs.

Each runs in FAST mode in a copy of the student bundle, in a kernel of its own: a student's with the
stub, which may raise nothing, and the solved one with the reference, which may wait for nothing. It
can fail with `DoesNotRun`.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from autograder.release.bundle import Bundle
from autograder.release.student import NOTEBOOK
from quantlab.handin import ARCHIVE

SECONDS = 1_800  # for a cell, on a machine that is busy with other things
STUDENT = "reference"
WAITING = "Waiting for question"
KEPT = ("PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS", "OMP_WAIT_POLICY")


class DoesNotRun(Exception):
    """A notebook stopped; the message says in which cell and why."""


def run_student(bundle: Bundle) -> Iterator[str]:
    """Complaints about the notebook that students get, with the stub."""
    try:
        run(bundle, {})
    except DoesNotRun as problem:
        yield f"{bundle.title}: with the stub, {problem}"


def run(bundle: Bundle, replaced: Mapping[str, bytes]) -> str:
    """The bundle's notebook with its outputs; `replaced` stand in for files. Raises `DoesNotRun`.

    Outputs name no folder of this machine: where it ran is ".".
    """
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place) / "assignment", Path(place) / "home"
        home.mkdir()
        bundle.write_folder(folder)
        for name, content in replaced.items():
            (folder / name).write_bytes(content)
        try:
            notebook = execute(folder, _environment(home))
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
            raise DoesNotRun(f"it stops: {_last_line(problem)}") from None
        if not (folder / ARCHIVE).is_file():
            raise DoesNotRun(f"it ends without {ARCHIVE}")
        return nbformat.writes(notebook).replace(str(folder), ".") + "\n"


def execute(folder: Path, environment: Mapping[str, str], kernel: str = "python3") -> Any:
    """Run main.ipynb in `folder` top to bottom; the notebook with its outputs.

    Raises nbclient's `CellExecutionError`, `CellTimeoutError` and `DeadKernelError`.
    """
    notebook = nbformat.read(folder / NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name=kernel,
        coalesce_streams=True,  # of a progress bar only its last state
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=dict(environment), stderr=subprocess.DEVNULL)  # what the kernel itself says
    return notebook


def cells_that_wait(notebook: str) -> list[str]:
    """The ids of the cells that wait for a question, of a notebook that was run."""
    cells: list[Any] = nbformat.reads(notebook, as_version=4).cells
    return [
        cell.id
        for cell in cells
        for output in cell.get("outputs", [])
        if WAITING in output.get("text", "")
    ]


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {
        **kept,
        "FAST": "1",
        "STUDENT": STUDENT,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _last_line(problem: Exception) -> str:
    return str(problem).strip().splitlines()[-1]
