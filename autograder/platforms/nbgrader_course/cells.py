"""Where the engine meets nbgrader: the last step of `nbgrader autograde`.

The engine marks the files in `submitted/`, as handed in; the cells `auto-1a`, `auto-1b` and so on
receive the points of their question's automatic checks and, as output, what was found. Written
answers are left for a person, as nbgrader does.

A question without a mark (the engine did not start, can't read the submission, or failed on one of
the checks) is never a 0 and never an old mark: it has no automatic score, is listed in formgrader
as to be marked by hand, and the log and the cell say why. Nor is an untouched written answer a 0
where another document may hold it.
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
from autograder.intake.submission import UnreadableSubmission
from autograder.intake.unused_files import could_be_report
from autograder.platforms.nbgrader_course.feedback_engine import EngineUnavailable, engine
from autograder.report.nbgrader import question_text

AUTOMATIC = "auto-"
NOTEBOOK = "main.ipynb"
REPORTS = ("report.pdf", "report.md")  # where written answers may be instead of in the notebook
UNDECIDED = frozenset({Verdict.GRADER_FAULT, Verdict.AWAITING_MARKING})


class EngineGrades(SaveAutoGrades):
    """Marks one submission with the engine and saves its grades; replaces `SaveAutoGrades`."""

    dataset = Enum(("cifar10", "shapes10"), "cifar10", help="what models are measured on").tag(
        config=True
    )
    quick = Bool(False, help="measure models on 1,000 images; the marks are provisional").tag(
        config=True
    )
    reports = Unicode("marks", help="the folder of the course that reports are written to").tag(
        config=True
    )

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        course = self.parent.parent.coursedir  # the exporter's converter knows the folders
        folder = Path(
            course.format_path(
                course.submitted_directory,
                resources["nbgrader"]["student"],
                resources["nbgrader"]["assignment"],
            )
        )
        reports = Path(course.root) / self.reports
        self._report, self._reason = self._marked(folder, resources["nbgrader"]["student"], reports)
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        reports_there = [name for name in REPORTS if name in names]
        reports_there += [n for n in names if n != NOTEBOOK and could_be_report((n,))]
        self._report_file = next(iter(reports_there), None)
        for cell in nb.cells:
            question = _question(cell)
            if question is not None:
                cell.outputs = [new_output("stream", name="stdout", text=self._text(question))]
                cell.execution_count = None
        return super().preprocess(nb, resources)

    def _marked(self, folder: Path, student: str, reports: Path) -> tuple[Report | None, str]:
        """The report, or the sentence that says why there is none."""
        try:
            report = engine(self.dataset, self.quick).mark(folder, student, reports)
        except (EngineUnavailable, UnreadableSubmission, UnwritableResults) as problem:
            reason = str(problem)
        except Exception as problem:  # ours, whatever it is: it must not become a mark
            self.log.exception("The engine failed on the submission of %s", student)
            reason = f"The grader failed ({type(problem).__name__})."
        else:
            for flag in report.flags:
                self.log.warning("FLAG: %s: %s", student, flag)
            for sentence in report.review:
                self.log.error("NEEDS REVIEW: %s: %s", student, sentence)
            return report, ""
        self.log.error("NOT MARKED: %s: %s", student, reason)
        return None, reason

    def _text(self, question: str) -> str:
        if self._report is None:
            return f"Not marked yet: {self._reason} A person will look.\n"
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
                "NOT MARKED: %s: question %s has %g points in the rubric and %g in the gradebook; "
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


def automatic_score(report: Report, question: str) -> float | None:
    """Return the points of a question's automatic checks; None where one of them is undecided."""
    checks = [check for check in report.automatic if check.question == question]
    if not checks or any(
        check.verdict in UNDECIDED or check.id in report.review_checks for check in checks
    ):
        return None
    return round(sum(check.points for check in checks), 4)


def _question(cell: NotebookNode) -> str | None:
    """The question whose automatic points the cell receives; None for every other cell."""
    if cell.cell_type != "code" or not utils.is_grade(cell):
        return None
    name = cell.metadata.nbgrader.get("grade_id", "")
    return name.removeprefix(AUTOMATIC) if name.startswith(AUTOMATIC) else None
