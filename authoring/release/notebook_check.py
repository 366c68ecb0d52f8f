"""Prove that the notebooks run from top to bottom, and return the solved one with its outputs.

Each runs in FAST mode in a copy of the student bundle, in its own kernel. The student's runs with
the stub and must raise nothing. The solved one runs with the reference and must wait for nothing.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from authoring.release.bundle import Bundle
from authoring.release.student import NOTEBOOK
from quantlab.notebook.submission_zip import ARCHIVE

CELL_SECONDS = 1_800  # the limit for a cell, on a busy machine
_START_SECONDS = 300  # the limit for a kernel to start
_SHOWN = 80  # characters of a heading or of a first line
_SHOWN_REASON = 240  # characters of an exception
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*$", re.MULTILINE)
STUDENT = "reference"
WAITING = "Waiting for question"
KEPT = ("PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS", "OMP_WAIT_POLICY")


class DoesNotRun(Exception):
    """Report in which cell a notebook stopped, why, and what to do."""


def run_student(bundle: Bundle, cell_seconds: int = CELL_SECONDS) -> Iterator[str]:
    """Yield why the student's notebook does not run with the stub."""
    try:
        run(bundle, {}, cell_seconds)
    except DoesNotRun as error:
        yield f"{bundle.title}, with the stub: {error}"


def run(bundle: Bundle, replaced: Mapping[str, bytes], cell_seconds: int = CELL_SECONDS) -> str:
    """Return the bundle's notebook with its outputs. Raises `DoesNotRun`.

    `replaced` holds the contents of files to use in place of the bundle's. In the outputs, "."
    replaces the folder where the notebook ran.
    """
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place) / "assignment", Path(place) / "home"
        home.mkdir()
        bundle.write_folder(folder)
        for name, content in replaced.items():
            (folder / name).write_bytes(content)
        notebook = execute(folder, _environment(home), cell_seconds=cell_seconds)
        if not (folder / ARCHIVE).is_file():
            raise DoesNotRun(f"{NOTEBOOK} runs to its end but does not write {ARCHIVE}.")
        return nbformat.writes(notebook).replace(str(folder), ".") + "\n"


def execute(
    folder: Path,
    environment: Mapping[str, str],
    kernel: str = "python3",
    cell_seconds: int = CELL_SECONDS,
) -> Any:
    """Run main.ipynb in `folder` top to bottom; return it with its outputs. Raises `DoesNotRun`."""
    notebook = nbformat.read(folder / NOTEBOOK, as_version=4)
    started: list[int] = []
    client = NotebookClient(
        notebook,
        timeout=cell_seconds,
        startup_timeout=_START_SECONDS,
        kernel_name=kernel,
        coalesce_streams=True,  # of a progress bar only its last state
        on_cell_start=lambda cell, cell_index: started.append(cell_index),
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        # The exception says more than the kernel's own messages.
        client.execute(env=dict(environment), stderr=subprocess.DEVNULL)
    except (CellExecutionError, CellTimeoutError, RuntimeError, NoSuchKernel, OSError) as problem:
        reason = _reason(problem, cell_seconds)
        if not started:
            raise DoesNotRun(
                f"{NOTEBOOK} does not start, because its kernel {kernel!r} does not: {reason} "
                "Repair the kernel with pip install -e '.[notebook]'."
            ) from problem
        raise DoesNotRun(f"{_describe_cell(notebook.cells, started[-1])}: {reason}") from problem
    return notebook


def _describe_cell(cells: Sequence[Any], index: int) -> str:
    """Return where a notebook stopped: the cell's number, id, heading and first line."""
    cell = cells[index]
    described = [f"id {cell.id}"]
    above = "\n".join(other.source for other in cells[:index] if other.cell_type == "markdown")
    if headings := _HEADING.findall(above):
        described.append(f"heading {_shortened(headings[-1])!r}")
    described.append(f"first line {_shortened(cell.source)!r}")
    return f"{NOTEBOOK} stops in cell {index + 1} of {len(cells)} ({', '.join(described)})"


def _reason(problem: Exception, cell_seconds: int) -> str:
    """Return why a cell stopped the notebook and what to do about it."""
    match problem:
        case CellTimeoutError():
            return (
                f"the cell ran longer than {cell_seconds:,} s. Run release again on an idle "
                "machine, or raise the limit with --cell-timeout."
            )
        case DeadKernelError():
            return (
                "the kernel died. If memory ran out, close other programs and run release again; "
                "otherwise fix the cell in instructor/notebook/ or the code that it calls."
            )
        case CellExecutionError():
            message = _shortened(f"{problem.ename}: {problem.evalue}", _SHOWN_REASON)
            return f"{message}. Fix the cell in instructor/notebook/ or the code that it calls."
    return f"{_shortened(f'{type(problem).__name__}: {problem}', _SHOWN_REASON)}."


def _shortened(text: str, most: int = _SHOWN) -> str:
    """Return the first line of `text` that is not blank, at most `most` characters of it."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first if len(first) <= most else f"{first[: most - 3]}..."


def cells_that_wait(notebook: str) -> list[str]:
    """Return the ids of the cells of an executed notebook that wait for a question."""
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
