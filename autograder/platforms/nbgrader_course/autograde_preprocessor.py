"""Grade a submission with our engine, as the last step of `nbgrader autograde`.

The engine grades the files in `submitted/`. The cells `auto-1a`, `auto-1b` and so on receive the
points of their question's automatic checks and, as output, the findings. Written answers are left
to staff.

A question has no automatic score if the engine did not start, can't read the submission, or failed
on a check. formgrader then lists it for manual grading, and the log and the cell say why. It is
never a 0 or an old score. An empty written answer is not a 0 either if another document may contain
it.
"""

from pathlib import Path
from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import SaveAutoGrades
from traitlets import Bool, Enum, Unicode

from autograder.engine.record import Report, Verdict
from autograder.grading.results_folder import UnwritableResults
from autograder.platforms.nbgrader import TIMESTAMP
from autograder.platforms.nbgrader_course.grading_engine import EngineUnavailable, engine
from autograder.report.nbgrader import question_text
from quantlab.intake.submission import ANSWERS, SOLUTION, UnreadableSubmission
from quantlab.intake.unused_files import is_document_name

AUTOMATIC = "auto-"
NOTEBOOK = "main.ipynb"
REPORTS = ("report.pdf", "report.md")  # where written answers may be instead of in the notebook
KEPT = frozenset({NOTEBOOK, SOLUTION, ANSWERS, TIMESTAMP})  # in autograded/, beside documents
UNDECIDED = frozenset({Verdict.GRADER_FAULT, Verdict.AWAITING_MARKING})


class EngineGrades(SaveAutoGrades):
    """Grades one submission with the engine; replaces nbgrader's `SaveAutoGrades`."""

    dataset = Enum(
        ("cifar10", "shapes10"), "cifar10", help="the data set that models are measured on"
    ).tag(config=True)
    quick = Bool(False, help="measure models on 1,000 images; the scores are provisional").tag(
        config=True
    )
    reports = Unicode("results", help="the folder of the course that reports are written to").tag(
        config=True
    )

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Grade the submission, and write points and findings into the graded cells."""
        course = self.parent.parent.coursedir  # the exporter's converter knows the folders
        folder = Path(
            course.format_path(
                course.submitted_directory,
                resources["nbgrader"]["student"],
                resources["nbgrader"]["assignment"],
            )
        )
        reports = Path(course.root) / self.reports
        self._report, self._reason = self._graded(folder, resources["nbgrader"]["student"], reports)
        remove_copies(
            Path(
                course.format_path(
                    course.autograded_directory,
                    resources["nbgrader"]["student"],
                    resources["nbgrader"]["assignment"],
                )
            )
        )
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        reports_there = [name for name in REPORTS if name in names]
        reports_there += [n for n in names if n != NOTEBOOK and is_document_name((n,))]
        self._report_file = next(iter(reports_there), None)
        for cell in nb.cells:
            question = _question(cell)
            if question is not None:
                cell.outputs = [new_output("stream", name="stdout", text=self._text(question))]
                cell.execution_count = None
        return super().preprocess(nb, resources)

    def _graded(self, folder: Path, student: str, reports: Path) -> tuple[Report | None, str]:
        """Return the report and "", or None and the reason."""
        try:
            report = engine(self.dataset, self.quick).grade(folder, student, reports)
        except (EngineUnavailable, UnreadableSubmission, UnwritableResults) as problem:
            reason = str(problem)
        except Exception as problem:  # any fault of ours must not become a score
            self.log.exception("The engine failed on the submission of %s", student)
            reason = f"The grader failed ({type(problem).__name__})."
        else:
            for flag in report.flags:
                self.log.warning("FLAG: %s: %s", student, flag)
            for note in report.notes:
                self.log.info("NOTE: %s: %s", student, note)
            for sentence in report.review:
                self.log.error("NEEDS REVIEW: %s: %s", student, sentence)
            return report, ""
        self.log.error("NOT GRADED: %s: %s", student, reason)
        return None, reason

    def _text(self, question: str) -> str:
        if self._report is None:
            return f"Not graded yet: {self._reason} Staff will review it.\n"
        if question not in self._report.question_titles:
            return f"There is no question {question}.\n"
        return question_text(self._report, question)

    def _add_score(self, cell: NotebookNode, resources: ResourcesDict) -> None:
        question = _question(cell)
        if question is None:
            super()._add_score(cell, resources)
            if self._report_file is not None:
                grade = self._grade(cell)
                grade.auto_score, grade.needs_manual_grade = None, True
                self.gradebook.db.commit()
            return
        grade = self._grade(cell)
        score = None if self._report is None else automatic_score(self._report, question)
        if score is not None and score > grade.max_score:
            self.log.error(
                "NOT GRADED: %s: question %s has %g points in the rubric and %g in the gradebook; "
                "release the assignment again with this rubric.",
                *(self.student_id, question, score, grade.max_score),
            )
            score = None
        grade.auto_score = score
        if self._report is not None and question == "3":
            grade.extra_credit = self._report.bonus
        grade.needs_manual_grade = score is None or grade.manual_score is not None
        self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: ResourcesDict) -> None:
        super()._add_comment(cell, resources)
        comment = self.gradebook.find_comment(
            cell.metadata["nbgrader"]["grade_id"],
            self.notebook_id,
            self.assignment_id,
            self.student_id,
        )
        if comment.auto_comment and self._report_file is not None:
            comment.auto_comment = f"Nothing is written here; see {self._report_file}."
            self.gradebook.db.commit()

    def _grade(self, cell: NotebookNode) -> Any:
        return self.gradebook.find_grade(
            cell.metadata["nbgrader"]["grade_id"],
            self.notebook_id,
            self.assignment_id,
            self.student_id,
        )


def remove_copies(folder: Path) -> None:
    """Remove models and files of the kit from `autograded/`, where nbgrader copied them.

    Nothing reads them there, and `generate_feedback` would copy them once more. The notebook,
    solution.py, answers.json, the time and documents stay.
    """
    for path in sorted(folder.rglob("*"), reverse=True):  # files before their folders
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.name not in KEPT and not is_document_name(path.relative_to(folder).parts):
            path.unlink()


def automatic_score(report: Report, question: str) -> float | None:
    """Return the automatic points of a question, slips included; None if one is undecided."""
    checks = [check for check in report.automatic if check.question == question]
    if not checks or any(
        check.verdict in UNDECIDED or check.id in report.review_checks for check in checks
    ):
        return None
    return report.automatic_points(question)


def _question(cell: NotebookNode) -> str | None:
    """Return the question of an automatic cell; None for every other cell."""
    if cell.cell_type != "code" or not utils.is_grade(cell):
        return None
    name = cell.metadata.nbgrader.get("grade_id", "")
    return name.removeprefix(AUTOMATIC) if name.startswith(AUTOMATIC) else None
