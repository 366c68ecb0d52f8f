"""Proofs by marking: the stub earns 0 and the reference every automatic point, wherever they go.

Three ways lead to a mark, and each is walked for real: the engine, the Gradescope autograder in a
copy of Gradescope's folders, and an nbgrader course from `generate_assignment` to its gradebook.
All complaints are sentences; no complaint means that the proof holds.

It can fail with a `CannotProve`: a program that a proof needs is missing or stops.
"""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from authoring.examples import write_answers
from authoring.release.bundle import Bundle
from authoring.release.course_folder import ASSIGNMENT
from authoring.release.footprint import Footprint, measure
from authoring.release.student import NOTEBOOK
from autograder.checks import ALL_CHECKS
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import Rubric
from autograder.grading.preparation import SetupError, prepare_grading
from autograder.grading.submission import grade_submission
from autograder.intake.submission import ANSWERS, SOLUTION, read_submission
from autograder.paths import REFERENCE, reference_models
from autograder.platforms.nbgrader_course.collect import collect
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.data.cifar10 import cifar10_root
from quantlab.paths import CELLS, KIT

SECONDS = 1800  # for any one program; the longest takes two minutes on two idle cores
RIGHT, EMPTY = "reference", "stub"
_AUTOMATIC = """
    SELECT student.id, SUM(grade.auto_score), COUNT(*) - COUNT(grade.auto_score)
    FROM grade
    JOIN grade_cells ON grade_cells.id = grade.cell_id
    JOIN base_cell ON base_cell.id = grade.cell_id
    JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
    JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
    JOIN student ON student.id = submitted_assignment.student_id
    WHERE base_cell.name LIKE 'auto-%'
    GROUP BY student.id
"""


class CannotProve(Exception):
    """A proof could not be carried out; the message says what stopped it."""


@dataclass(frozen=True)
class Proven:
    """Two submissions on disk, `RIGHT` and `EMPTY` below `folder`, and what they are marked on."""

    folder: Path
    dataset: str
    points: float  # all automatic ones

    def complaints(self, where: str, marks: Mapping[str, float | None]) -> Iterator[str]:
        for student, due in ((RIGHT, self.points), (EMPTY, 0.0)):
            if marks.get(student) != due:
                yield f"{where}: the {student} gets {marks.get(student)} points instead of {due:g}."


def automatic_points(rubric: Rubric) -> float:
    """What the engine gives at most, bonus apart."""
    automatic = (check for check in ALL_CHECKS if check.source != "person")
    return round(sum(rubric.items[check.id].points for check in automatic), 4)


def write_submissions(folder: Path, dataset: str, student: Bundle, solved: str) -> None:
    """The reference and the untouched stub, each as a folder that could be handed in."""
    right, empty = folder / RIGHT, folder / EMPTY
    right.mkdir(parents=True)
    empty.mkdir()
    shutil.copy(REFERENCE, right / SOLUTION)
    for cell in CELLS:
        shutil.copy(reference_models(dataset) / f"ResNet20_{cell}.pt", right)
    write_answers(right / ANSWERS, RIGHT, ModelEvaluator(dataset, Oracle()))
    (right / NOTEBOOK).write_text(solved, encoding="utf-8")
    for name in (SOLUTION, NOTEBOOK):
        (empty / name).write_bytes(student.files[name])


def prove_engine(proven: Proven) -> Iterator[str]:
    """By the engine, in this process. Raises `CannotProve`."""
    marks: dict[str, float | None] = {}
    try:
        course = prepare_grading(proven.dataset, "*")
        with Sandbox() as sandbox:
            for student in (RIGHT, EMPTY):
                submission = read_submission(proven.folder / student)
                report = grade_submission(submission, course, sandbox)
                marks[student] = None if report.needs_staff else report.auto_score
    except (SetupError, IsolationUnavailable) as problem:
        raise CannotProve(str(problem)) from problem
    yield from proven.complaints("The engine", marks)


class GradescopeProof:
    """The zip as it is uploaded, unpacked, set up and run in folders like Gradescope's.

    `footprint` is what grading the reference took, once `complaints` were read.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.footprint: Footprint | None = None

    def complaints(self, proven: Proven, place: Path) -> Iterator[str]:
        """Yield what is wrong with the points, by the zip's own programs and settings.

        Raises:
            CannotProve: One of the programs fails.
        """
        unpack(self._content, place / "source")
        variables = {
            "AUTOGRADER_ROOT": str(place),
            "AUTOGRADER_PYTHON": sys.executable,
            "AUTOGRADER_SECRET_FILE": str(place / "source" / "instructor" / "course_secret"),
        }
        _run([str(place / "source" / "setup.sh")], place, variables)
        marks: dict[str, float | None] = {}
        for student in (RIGHT, EMPTY):
            _submit(proven.folder / student, place, student)
            footprint = _run([str(place / "source" / "run_autograder")], place, variables)
            if student == RIGHT:
                self.footprint = footprint
            results = json.loads((place / "results" / "results.json").read_text(encoding="utf-8"))
            scored = [test for test in results["tests"] if test.get("max_score")]
            possible = sum(test["max_score"] for test in scored)
            if possible != proven.points:
                yield (
                    f"The Gradescope autograder: for the {student} its tests add up to "
                    f"{possible:g} points instead of {proven.points:g} "
                    f"({results['tests'][-1]['output']})."
                )
            if results["output"].startswith("PROVISIONAL"):
                yield f"The Gradescope autograder: the points of the {student} are provisional."
            marks[student] = round(sum(test["score"] for test in scored), 4)
        yield from proven.complaints("The Gradescope autograder", marks)


def unpack(content: bytes, folder: Path) -> None:
    """Write the files of a zip below `folder`, with their modes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            archive.extract(entry, folder)
            (folder / entry.filename).chmod(entry.external_attr >> 16)


def _submit(files: Path, place: Path, student: str) -> None:
    """Put a submission where Gradescope puts it, and remove the results of the last one."""
    for folder in ("submission", "results"):
        shutil.rmtree(place / folder, ignore_errors=True)
    shutil.copytree(files, place / "submission")
    users = [{"id": 1, "name": student, "email": f"{student}@example.org"}]
    (place / "submission_metadata.json").write_text(json.dumps({"users": users}))


def prove_nbgrader(proven: Proven, bundle: Bundle, place: Path) -> Iterator[str]:
    """By nbgrader's own commands, in a course at `place`. Raises `CannotProve`."""
    bundle.write_folder(place)
    nbgrader = [sys.executable, "-m", "nbgrader"]
    _run([*nbgrader, "generate_assignment", ASSIGNMENT, "--create"], place)
    for path in sorted((place / "release").rglob("*")):
        if path.is_file() and b"BEGIN SOLUTION" in path.read_bytes():
            yield f"The nbgrader course: release/ holds a solution in {path.name}."
    for student in (RIGHT, EMPTY):
        collect(proven.folder / student, place, ASSIGNMENT)
    _run([*nbgrader, "autograde", ASSIGNMENT], place)
    yield from proven.complaints("The nbgrader course", automatic_scores(place / "gradebook.db"))


def automatic_scores(gradebook: Path) -> dict[str, float | None]:
    """Each student's automatic points; None where a question has none."""
    with closing(sqlite3.connect(gradebook)) as connection:
        rows = connection.execute(_AUTOMATIC).fetchall()
    return {student: None if open_yet else round(total, 4) for student, total, open_yet in rows}


def _run(command: list[str], folder: Path, variables: Mapping[str, str] | None = None) -> Footprint:
    """Run a program in `folder`, with a home folder of its own, and expect it to succeed."""
    home = folder / ".home"
    home.mkdir(exist_ok=True)
    root = cifar10_root("test")
    environment = {
        **os.environ,
        **({"CIFAR10_ROOT": str(root.resolve())} if root else {}),
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "QUANTIZATION_KIT": str(KIT),
        # nbgrader starts alembic by its name
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        **(variables or {}),
    }
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        ended, footprint = measure(process, SECONDS)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise CannotProve(f"{' '.join(command)} does not run: {problem}.") from problem
    if ended.returncode != 0:
        said = (ended.stderr.strip() or ended.stdout.strip()).splitlines()
        raise CannotProve(
            f"{' '.join(command)} failed: {said[-1] if said else 'it said nothing'}. For nbgrader, "
            "pip install -e '.[notebook]'."
        )
    return footprint
