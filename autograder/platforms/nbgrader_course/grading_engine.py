"""The grading engine of nbgrader's process, started once for all students of a run."""

import atexit
from functools import cache
from pathlib import Path

from autograder.engine.record import Report
from autograder.errors import AutograderError
from autograder.grading.preparation import SetupError, prepare_grading, refuse_other_arithmetic
from autograder.grading.results_folder import ResultsFolder
from autograder.grading.submission import GradingContext, Trace, grade_submission
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.intake.submission import read_submission


class EngineUnavailable(AutograderError):
    """The engine can't start; the message says why and what to do."""


class Engine:
    """Grades folders one after the other."""

    def __init__(self, dataset: str, quick: bool) -> None:
        """Load the data set and start a sandbox. Raise `EngineUnavailable`."""
        try:
            self._course: GradingContext = prepare_grading(dataset, "*", quick)
            self._sandbox = Sandbox()
            self._sandbox.__enter__()
            refuse_other_arithmetic(self._sandbox.arithmetic)
        except (SetupError, IsolationUnavailable) as problem:
            raise EngineUnavailable(str(problem)) from problem
        atexit.register(self._sandbox.close)

    def grade(self, folder: Path, student: str, reports: Path) -> Report:
        """Grade a submission, write its pages below `reports` and return its report.

        Raises:
            UnreadableSubmission: the folder can't be read.
            UnwritableResults: the pages can't be written.
        """
        submission = read_submission(folder, student)
        results, trace = ResultsFolder(reports), Trace()
        report = grade_submission(
            submission, self._course, self._sandbox, results.write_report, trace
        )
        results.write_final(report, trace)
        return report


@cache  # starting costs more than grading a submission
def engine(dataset: str, quick: bool) -> Engine:
    """Return the engine of this process for these settings. Raise `EngineUnavailable`."""
    return Engine(dataset, quick)
