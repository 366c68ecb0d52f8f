"""The open notebook is the one that is packed, and executed cells are in it, in a real kernel."""

import json
import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import KIT
from kernel import Kernel, student_kernel

from quantlab.formats.submission_files import ARCHIVE, NOTEBOOK
from quantlab.formats.written_answers import STUB_ANSWER
from quantlab.notebook.executed_cells import ExecutedCell, unsaved_cells
from quantlab.notebook.open_notebook import open_notebook

SUBMIT = """
try:
    archive = write_submission(session)
except KitError as problem:
    print(problem)
"""
ANSWER = "I think that rounding is fine."


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    reference = (KIT / "instructor" / "solution.py").read_text(encoding="utf-8")
    with student_kernel(tmp_path_factory.mktemp("open") / "kit", reference) as running:
        yield running


@pytest.fixture
def written(kernel: Kernel) -> Iterator[Path]:
    """Write main_ada.ipynb, main.ipynb with answers, a while ago; the submission cell is in it."""
    path = kernel.folder / "main_ada.ipynb"
    add_cells(kernel.folder / NOTEBOOK, path, SUBMIT)
    yield path
    path.unlink(missing_ok=True)
    kernel.run("globals().pop('__vsc_ipynb_file__', None)")


def add_cells(notebook: Path, into: Path, *sources: str) -> None:
    """Save `notebook` with a written answer and these code cells as `into`."""
    text = notebook.read_text(encoding="utf-8").replace(STUB_ANSWER, ANSWER)
    content = json.loads(text)
    for source in sources:
        cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
        content["cells"].append({**cell, "execution_count": None, "id": f"more-{time.time_ns()}"})
    into.write_text(json.dumps(content), encoding="utf-8")


def packed(kernel: Kernel) -> str:
    archive = zipfile.ZipFile(kernel.folder / ARCHIVE)
    return archive.read(NOTEBOOK).decode()


@pytest.mark.parametrize("editor", ["VS Code", "none"])
def test_submission_contains_the_notebook_with_the_answers(kernel, written, editor) -> None:
    kernel.run("pass")
    add_cells(kernel.folder / NOTEBOOK, written, SUBMIT, "pass")
    os.utime(kernel.folder / NOTEBOOK)  # the blank one is newer
    if editor == "VS Code":
        kernel.run(f"__vsc_ipynb_file__ = {str(written)!r}")
        written.touch()
    shown = kernel.run(SUBMIT)
    assert any("main_ada.ipynb is packed as main.ipynb" in line for line in shown), shown
    assert ANSWER in packed(kernel)


def test_submission_of_the_blank_notebook_names_the_other(kernel, written) -> None:
    blank = kernel.folder / "blank.ipynb"
    add_cells(kernel.folder / NOTEBOOK, blank, SUBMIT)
    blank.write_text(blank.read_text().replace(ANSWER, STUB_ANSWER))
    kernel.run(f"__vsc_ipynb_file__ = {str(blank)!r}")
    blank.touch()
    shown = kernel.run(SUBMIT)
    blank.unlink()
    assert any("main_ada.ipynb has more written answers than blank.ipynb" in n for n in shown)


def test_submission_refuses_executed_cells_that_are_not_saved(kernel, written) -> None:
    kernel.run(f"__vsc_ipynb_file__ = {str(written)!r}")
    written.touch()
    kernel.run("late = 1\n\n")
    (kernel.folder / ARCHIVE).unlink(missing_ok=True)
    shown = kernel.run(SUBMIT)
    assert any("1 executed cell is not in main_ada.ipynb" in line for line in shown), shown
    assert not (kernel.folder / ARCHIVE).exists()
    add_cells(kernel.folder / NOTEBOOK, written, "late = 1", SUBMIT)
    shown = kernel.run(SUBMIT)
    assert any("main_ada.ipynb is packed" in line for line in shown), shown


def test_submission_accepts_a_cell_edited_and_saved_after_it_ran(kernel, written) -> None:
    kernel.run(f"__vsc_ipynb_file__ = {str(written)!r}")
    kernel.run("edited = 1")
    add_cells(kernel.folder / NOTEBOOK, written, "edited = 2", SUBMIT)
    shown = kernel.run(SUBMIT)
    assert any("main_ada.ipynb is packed" in line for line in shown), shown


def test_unsaved_cells_compares_without_white_space_and_times() -> None:
    executed = (ExecutedCell("a = 1  \n\n", 5.0), ExecutedCell("b", 5.0), ExecutedCell("old", 1.0))
    assert unsaved_cells(executed, ["a = 1"], saved_at=2.0) == ("b",)


def test_open_notebook_follows_a_server_that_names_it(tmp_path, monkeypatch) -> None:
    for name in ("main.ipynb", "mine.ipynb"):
        shutil.copy(KIT / NOTEBOOK, tmp_path / name)
    monkeypatch.setenv("JPY_SESSION_NAME", "elsewhere/mine.ipynb")
    assert open_notebook(tmp_path, ()).path.name == "mine.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", "elsewhere/renamed.ipynb")
    assert open_notebook(tmp_path, ()).path.name == "main.ipynb"
