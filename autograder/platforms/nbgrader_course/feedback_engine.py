"""The marking engine as nbgrader's process holds it: started once, for all students of a run.

It can fail with an `EngineUnavailable`: no data, no wall, a rubric with a slip. The message says
what to do; nobody is given a mark then.
"""

import atexit
from functools import cache
from pathlib import Path

from autograder.engine.record import Report
from autograder.grading.preparation import SetupError, prepare_grading, refuse_other_arithmetic
from autograder.grading.results_folder import ResultsFolder
from autograder.grading.submission import GradingContext, Trace, grade_submission
from autograder.intake.submission import read_submission
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable


class EngineUnavailable(Exception):
    """The engine can't be started; the message says why and what to do."""


class Engine:
    """Marks folders on one data set, one after the other."""

    def __init__(self, dataset: str, quick: bool) -> None:
        try:
            self._course: GradingContext = prepare_grading(dataset, "*", quick)
            self._sandbox = Sandbox()
            self._sandbox.__enter__()
            refuse_other_arithmetic(self._sandbox.arithmetic)
        except (SetupError, IsolationUnavailable) as problem:
            raise EngineUnavailable(str(problem)) from problem
        atexit.register(self._sandbox.close)

    def mark(self, folder: Path, student: str, reports: Path) -> Report:
        """The report of what was handed in, also written as pages below `reports`.

        Raises `UnreadableSubmission`, `UnwritableResults`.
        """
        submission = read_submission(folder, student)
        results, trace = ResultsFolder(reports), Trace()
        report = grade_submission(
            submission, self._course, self._sandbox, results.write_report, trace
        )
        results.write_final(report, trace)
        return report


@cache  # to start it costs more than to mark a submission
def engine(dataset: str, quick: bool) -> Engine:
    """The one engine of this process for these settings. Raises `EngineUnavailable`."""
    return Engine(dataset, quick)
