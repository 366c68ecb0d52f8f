"""A real nbgrader course, as `release` makes it, with submissions as they come in.

nbgrader runs in processes of its own, with a home folder of its own. All submissions are marked by
one `autograde`, once for all tests.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from authoring.build.notebook import solved_notebook, student_notebook
from authoring.release.grading_check import write_submissions
from authoring.release.nbgrader import ASSIGNMENT, course_bundle
from authoring.release.student import student_bundle
from autograder.engine.corpus import load_alternatives
from autograder.platforms.nbgrader_course.collect import main as collect
from quantlab.paths import KIT
from tests.release.conftest import files  # noqa: F401

SECONDS = 600
EXITS = """

def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    import os

    os._exit(0)
"""
SCRIPT = "<script>document.title = 'taken'</script>"
HOSTILE = f"""My *answer*: $a < b$. {SCRIPT} <img src=x onerror="document.title = 'taken'">
<svg onload="document.title = 'taken'"> [a link](javascript:document.title='taken') $\\alpha$
"""


@dataclass(frozen=True)
class GradeCell:
    """What the gradebook says of one cell of one student."""

    auto: float | None
    score: float
    needs_manual: bool
    comment: str | None


@dataclass(frozen=True)
class LiveCourse:
    """The folder of a course and its commands; `log` is what `autograde` said."""

    folder: Path
    secret: Path
    log: list[str]

    def nbgrader(self, *arguments: str, secret: Path | None = None) -> str:
        """Run an nbgrader command that must succeed; what it said."""
        ended = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.folder,
            env=self.environment(secret),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr[-3000:]
        return ended.stderr

    def environment(self, secret: Path | None = None) -> dict[str, str]:
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        return {
            **os.environ,
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
            "QUANTIZATION_KIT": str(KIT),
            "AUTOGRADER_SECRET_FILE": str(secret or self.secret),
            "OMP_NUM_THREADS": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }

    def grades(self, student: str) -> dict[str, GradeCell]:
        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as gradebook:
            notebook = gradebook.find_submission_notebook("main", ASSIGNMENT, student)
            comments = {comment.name: comment.comment for comment in notebook.comments}
            return {
                grade.name: GradeCell(
                    grade.auto_score,
                    grade.score,
                    grade.needs_manual_grade,
                    comments.get(grade.name),
                )
                for grade in notebook.grades
            }

    def autograded(self, student: str) -> NotebookNode:
        path = self.folder / "autograded" / student / ASSIGNMENT / "main.ipynb"
        return nbformat.read(path, as_version=4)


@pytest.fixture(scope="session")
def course(tmp_path_factory, files) -> LiveCourse:  # noqa: F811
    place = tmp_path_factory.mktemp("nbgrader")
    course_bundle(files, "", "eff", "shapes10").write_folder(place / "course")
    secret = place / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef")
    live = LiveCourse(place / "course", secret, [])
    live.nbgrader("generate_assignment", ASSIGNMENT, "--create")
    submissions = place / "handed-in"
    write_submission(submissions, files)
    assert collect(["--course", str(live.folder), str(submissions)]) == 0
    live.log.append(live.nbgrader("autograde", ASSIGNMENT))
    return live


def write_submission(folder: Path, files) -> None:  # noqa: F811
    """One submission for everything that happens to notebooks and files on their way."""
    solved, reference = solved_notebook(), (KIT / "instructor" / "solution.py").read_text()
    write_submissions(folder, "shapes10", student_bundle(files, ""), solved)
    (folder / "reference" / "main.ipynb").rename(folder / "reference" / "Copy of main.ipynb")

    terse = next(
        alternative for alternative in load_alternatives() if alternative.name == "whole_terse"
    )
    submit(folder / "terse", terse.source(reference), changed(solved, without_metadata))
    submit(folder / "exits", reference + EXITS, changed(solved, doubled_and_deleted))
    submit(folder / "hostile", reference, changed(solved, with_scripts))

    submit(folder / "broken", reference, '{"cells": [')
    (folder / "broken" / "report.md").write_text("My answers are here.")
    with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
        for path in (folder / "broken").iterdir():
            archive.write(path, f"submission/{path.name}")
    shutil.rmtree(folder / "broken")


def submit(folder: Path, solution: str, notebook: str) -> None:
    folder.mkdir()
    (folder / "solution.py").write_text(solution)
    (folder / "main.ipynb").write_text(notebook)


def changed(notebook: str, change: Callable[[NotebookNode], None]) -> str:
    parsed = nbformat.reads(notebook, as_version=4)
    change(parsed)
    return json.dumps(parsed)


def named(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.get("id") == name)


def without_metadata(notebook: NotebookNode) -> None:
    """As an editor saves it that keeps nothing of nbgrader's; another kernel's name, too."""
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    notebook.metadata.kernelspec = {
        "name": "conda-env-x",
        "display_name": "x",
        "language": "python",
    }


def doubled_and_deleted(notebook: NotebookNode) -> None:
    for name in ("auto-1a", "written-1b"):
        place = notebook.cells.index(named(notebook, name))
        notebook.cells.insert(place, copy.deepcopy(notebook.cells[place]))
    notebook.cells = [cell for cell in notebook.cells if cell.id not in ("auto-3", "written-1c")]


def with_scripts(notebook: NotebookNode) -> None:
    """Text and output that would take over the page of the person who marks; code to be run."""
    named(notebook, "written-1b").source = HOSTILE
    cell = named(notebook, "mse")
    cell.source = "open('executed', 'w').close()"
    cell.outputs = [
        nbformat.v4.new_output("display_data", {"text/html": f"<b>table</b>{SCRIPT}"}),
        nbformat.v4.new_output("display_data", {"application/javascript": "taken()"}),
    ]


@pytest.fixture(scope="session")
def released() -> NotebookNode:
    """The notebook that students get."""
    return nbformat.reads(student_notebook(), as_version=4)
