"""Write the course folder that formgrader opens after `batch`, beside nbgrader's gradebook.

    OUT/nbgrader/nbgrader_config.py                            sanitizes what students wrote
    OUT/nbgrader/gradebook.db                                  see `gradebooks`
    OUT/nbgrader/source/quantization/main.ipynb                the released notebook
    OUT/nbgrader/autograded/<student>/quantization/main.ipynb  answers, findings, scoring sheets

It contains no models and no other files of students. A student whose notebook lacks an answer still
gets every cell, with the text of a report or a sentence on what was submitted.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from autograder.course.class_record import ClassRecord
from autograder.course.outputs.anonymous_notebook import anonymous_notebook
from autograder.course.outputs.gradebook_database import AUTOGRADED
from autograder.course.outputs.nbgrader_rows import gradebook_cells, students_in_gradebook
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.outputs.student_files import StudentFiles
from autograder.course.policy import FinalScore
from autograder.engine.record import Report
from autograder.platforms.nbgrader_course.graded_notebook import graded_notebook, released_notebook
from autograder.platforms.nbgrader_course.student_notebook import StudentNotebook, find_notebook
from autograder.platforms.nbgrader_gradebook import ASSIGNMENT, NOTEBOOK
from quantlab.errors import UnreadableSubmission
from quantlab.intake.contents import Contents
from quantlab.paths import KIT

COURSE, SOURCE = "nbgrader", "nbgrader/source"
_SETTINGS = '''\
"""Settings of nbgrader for written answers: run `jupyter lab` in this folder, open Formgrader.

Written by `python -m autograder batch`. `nbgrader autograde` is not needed: the class is graded.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ.get("QUANTIZATION_KIT", {kit!r}))

c = get_config()  # noqa: F821 (defined by nbgrader)
c.CourseDirectory.course_id = {assignment!r}
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
# Formgrader and feedback show students' text and output: remove scripts from it.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {{
    "markdown2html": "autograder.platforms.nbgrader_course.sanitize_html.markdown"
}}
'''


def write_nbgrader_tree(
    files: OutputFiles, record: ClassRecord, scores: Sequence[FinalScore], students: StudentFiles
) -> None:
    """Write the folder around the gradebook, and remove former students from it.

    Raises:
        OSError: a file can't be written.
    """
    released, graded = released_notebook(), [cell.name for cell in gradebook_cells(record)]
    settings = _SETTINGS.format(kit=str(KIT), assignment=ASSIGNMENT)
    _write(files, f"{COURSE}/nbgrader_config.py", settings)
    source = (KIT / "main.ipynb").read_text(encoding="utf-8")
    _write(files, f"{SOURCE}/{ASSIGNMENT}/{NOTEBOOK}.ipynb", source)
    rows = list(students_in_gradebook(record, scores))
    for score, _, report in tqdm(rows, desc="Notebooks of students", leave=False, disable=None):
        text = _notebook_text(students, score.member, released, report, graded)
        name = f"{AUTOGRADED}/{score.member}/{ASSIGNMENT}/{NOTEBOOK}.ipynb"
        _write(files, name, text)
    _remove_others(files.folder / AUTOGRADED, {score.member for score, _, _ in rows})
    os.chmod(files.folder / COURSE, 0o700)


def _notebook_text(
    students: StudentFiles,
    member: str,
    released: NotebookNode,
    report: Report,
    graded: Sequence[str],
) -> str:
    """Return a student's notebook, or the graded cells alone if it can't be shown."""

    def text(student: StudentNotebook, contents: Contents | None) -> str:
        notebook = graded_notebook(student, contents, released, report, graded)
        if students.anonymized is not None:
            notebook = anonymous_notebook(notebook, released, report, students.anonymized)
        return nbformat.writes(notebook).encode("utf-8", "replace").decode("utf-8")

    try:
        with students.export.files(students.entries[member]) as contents:
            student = find_notebook(contents)
            try:
                return text(student, contents)
            except Exception as problem:  # one student's content must not stop the class
                reason = f"The notebook can't be shown ({type(problem).__name__})."
                return text(StudentNotebook(student.entry, problem=reason), contents)
    except UnreadableSubmission:
        return text(StudentNotebook(), None)


def _write(files: OutputFiles, name: str, text: str) -> None:
    files.write(name, text)
    os.chmod(files.folder / name, 0o600)


def _remove_others(folder: Path, names: set[str]) -> None:
    for place in folder.iterdir() if folder.is_dir() else ():
        if place.name not in names:
            shutil.rmtree(place)
