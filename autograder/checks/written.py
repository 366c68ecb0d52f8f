"""Written answers: staff grade them; the check only says whether there is a report to read."""

from dataclasses import dataclass

from autograder.checks.base import Evidence, Finding
from autograder.engine.record import Verdict
from autograder.engine.rubric import RubricItem


@dataclass(frozen=True)
class WrittenAnswer:
    """Await staff if a report was submitted; it is missing otherwise."""

    id: str
    title: str
    source: str = "person"
    needs_data: bool = False

    def grade(self, evidence: Evidence, item: RubricItem) -> Finding:
        """Return whether there is a report, and where."""
        report = evidence.submission.report_file
        if report is None:
            return Finding(
                Verdict.MISSING,
                message="No report was submitted (report.pdf, report.md or main.ipynb).",
            )
        return Finding(Verdict.AWAITING_MARKING, message=f"To be read in {report}.")


CHECKS = (
    WrittenAnswer("1b.explanation", "The three methods are explained"),
    WrittenAnswer("1c.comparison", "The methods are compared; the bias of the error is discussed"),
    WrittenAnswer("2d.methodology", "The training is documented and compared with PTQ"),
)
