"""Prove by grading: the stub earns 0, the reference every automatic point, on every path.

Each path is run: the engine, the Gradescope autograder in a copy of Gradescope's folders, and an
nbgrader course from `generate_assignment` to its gradebook. A proof holds if it yields nothing.
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
from authoring.release.nbgrader import ASSIGNMENT
from authoring.release.process_usage import Footprint, measure
from authoring.release.student import NOTEBOOK
from autograder.checks import ALL_CHECKS
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import Rubric
from autograder.grading.preparation import SetupError, prepare_grading
from autograder.grading.submission import grade_submission
from autograder.paths import REFERENCE, reference_models
from autograder.platforms import read_export
from autograder.platforms.nbgrader_course.collect import collect
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.data.cifar10 import cifar10_root
from quantlab.intake.submission import ANSWERS, SOLUTION, read_submission
from quantlab.paths import CELLS, KIT, model_file

SECONDS = 1800  # per program; the longest takes two minutes on two idle cores
REFERENCE_ID, STUB_ID = "reference", "stub"
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
    """Report why a proof could not be run: a program is missing or fails."""


@dataclass(frozen=True)
class ProofSubmissions:
    """Two submissions on disk, `REFERENCE_ID` and `STUB_ID` below `folder`, and their data set."""

    folder: Path
    dataset: str
    points: float  # all automatic ones

    def compare(self, where: str, scores: Mapping[str, float | None]) -> Iterator[str]:
        """Yield where the scores are not those that the two submissions must get."""
        for student, expected in ((REFERENCE_ID, self.points), (STUB_ID, 0.0)):
            if scores.get(student) != expected:
                yield (
                    f"{where}: expected {expected:g} points for the {student}, got "
                    f"{scores.get(student)}."
                )


def automatic_points(rubric: Rubric) -> float:
    """Return the most automatic points, without bonus."""
    automatic = (check for check in ALL_CHECKS if check.source != "person")
    return round(sum(rubric.items[check.id].points for check in automatic), 4)


def write_submissions(folder: Path, dataset: str, student: Bundle, solved: str) -> None:
    """Write the reference and the untouched stub, each as a folder to submit."""
    reference, stub = folder / REFERENCE_ID, folder / STUB_ID
    reference.mkdir(parents=True)
    stub.mkdir()
    shutil.copy(REFERENCE, reference / SOLUTION)
    for cell in CELLS:
        shutil.copy(reference_models(dataset) / model_file(cell), reference)
    write_answers(reference / ANSWERS, REFERENCE_ID, ModelEvaluator(dataset, Oracle()))
    (reference / NOTEBOOK).write_text(solved, encoding="utf-8")
    for name in (SOLUTION, NOTEBOOK):
        (stub / name).write_bytes(student.files[name])


def prove_engine(submissions: ProofSubmissions) -> Iterator[str]:
    """Yield wrong points of the engine, in this process. Raises `CannotProve`."""
    scores: dict[str, float | None] = {}
    try:
        course = prepare_grading(submissions.dataset, "*")
        with Sandbox() as sandbox:
            for student in (REFERENCE_ID, STUB_ID):
                submission = read_submission(submissions.folder / student)
                report = grade_submission(submission, course, sandbox)
                scores[student] = None if report.needs_staff else report.auto_score
    except (SetupError, IsolationUnavailable) as error:
        raise CannotProve(str(error)) from error
    yield from submissions.compare("The engine", scores)


class GradescopeProof:
    """Unpack, set up and run the zip in folders like Gradescope's.

    `footprint` is what grading the reference took, once `problems` were read.
    """

    def __init__(self, content: bytes) -> None:
        """Keep the zip."""
        self._content = content
        self.footprint: Footprint | None = None

    def problems(self, submissions: ProofSubmissions, place: Path) -> Iterator[str]:
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
        scores: dict[str, float | None] = {}
        for student in (REFERENCE_ID, STUB_ID):
            _submit(submissions.folder / student, place, student)
            footprint = _run([str(place / "source" / "run_autograder")], place, variables)
            if student == REFERENCE_ID:
                self.footprint = footprint
            results = json.loads((place / "results" / "results.json").read_text(encoding="utf-8"))
            scored = [test for test in results["tests"] if test.get("max_score")]
            possible = sum(test["max_score"] for test in scored)
            if possible != submissions.points:
                yield (
                    f"The Gradescope autograder: expected tests of {submissions.points:g} points "
                    f"for the {student}, got {possible:g} ({results['tests'][-1]['output']})."
                )
            if results["output"].startswith("PROVISIONAL"):
                yield f"The Gradescope autograder: the points of the {student} are provisional."
            scores[student] = round(sum(test["score"] for test in scored), 4)
        yield from submissions.compare("The Gradescope autograder", scores)


def unpack(content: bytes, folder: Path) -> None:
    """Write the files of a zip below `folder`, with their modes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            archive.extract(entry, folder)
            (folder / entry.filename).chmod(entry.external_attr >> 16)


def _submit(files: Path, place: Path, student: str) -> None:
    """Copy a submission where Gradescope puts it, and remove older results."""
    for folder in ("submission", "results"):
        shutil.rmtree(place / folder, ignore_errors=True)
    shutil.copytree(files, place / "submission")
    users = [{"id": 1, "name": student, "email": f"{student}@example.org"}]
    (place / "submission_metadata.json").write_text(json.dumps({"users": users}))


def prove_nbgrader(submissions: ProofSubmissions, bundle: Bundle, place: Path) -> Iterator[str]:
    """Yield wrong points of nbgrader's commands in a course at `place`. Raises `CannotProve`."""
    bundle.write_folder(place)
    nbgrader = [sys.executable, "-m", "nbgrader"]
    _run([*nbgrader, "generate_assignment", ASSIGNMENT, "--create"], place)
    for path in sorted((place / "release").rglob("*")):
        if path.is_file() and b"BEGIN SOLUTION" in path.read_bytes():
            yield f"The nbgrader course: release/ contains a solution in {path.name}."
    with read_export(submissions.folder) as export:
        for _ in collect(export, place, ASSIGNMENT):
            pass
    _run([*nbgrader, "autograde", ASSIGNMENT], place)
    yield from submissions.compare("The nbgrader course", automatic_scores(place / "gradebook.db"))


def automatic_scores(gradebook: Path) -> dict[str, float | None]:
    """Return each student's automatic points; None if a question has none."""
    with closing(sqlite3.connect(gradebook)) as connection:
        rows = connection.execute(_AUTOMATIC).fetchall()
    return {student: None if missing else round(total, 4) for student, total, missing in rows}


def _run(command: list[str], folder: Path, variables: Mapping[str, str] | None = None) -> Footprint:
    """Run a program in `folder` with its own home folder; raise `CannotProve` if it fails."""
    home = folder / ".home"
    home.mkdir(exist_ok=True)
    root = cifar10_root("test")
    environment = {
        **os.environ,
        **({"CIFAR10_ROOT": str(root.resolve())} if root else {}),
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "QUANTIZATION_KIT": str(KIT),
        # nbgrader runs alembic by name
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
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotProve(f"{' '.join(command)} does not run: {error}.") from error
    if ended.returncode != 0:
        lines = (ended.stderr.strip() or ended.stdout.strip() or "no output").splitlines()
        raise CannotProve(
            f"{' '.join(command)} failed: {lines[-1]}. If nbgrader is missing, "
            "pip install -e '.[notebook]'."
        )
    return footprint
