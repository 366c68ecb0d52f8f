"""Run the checks as tests: `pytest -p autograder.pytest_plugin --submission=PATH`.

Each check of the rubric is one test, named by the check's id. A test passes if the check earns all
its points, is skipped if staff must grade it, errors if it needs review, and fails otherwise with
the report's message.

With `--submission` nothing else is collected: a student's `conftest.py` or `test_*.py` is never
imported. If PATH is a separate argument, pytest reads its settings from that folder before any
plugin runs. A run with a student's `pytest.ini` is refused; `--submission=PATH` avoids it.
"""

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from autograder.engine.record import CheckResult, Report, Verdict
from autograder.errors import AutograderError
from autograder.exit_status import USAGE
from autograder.grading.preparation import SetupError, prepare_grading
from autograder.grading.submission import GradingContext, grade_submission, select_checks
from autograder.report.wording import slip_sentence
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.intake.submission import (
    Submission,
    UnreadableSubmission,
    name_of,
    read_submission,
    unopened_submission,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this plugin."""
    group = parser.getgroup("autograder")
    group.addoption("--submission", type=Path, metavar="PATH", help="grade this folder or zip file")
    group.addoption("--submission-data", default="cifar10", choices=("cifar10", "shapes10"))
    group.addoption("--submission-quick", action="store_true", help="1,000 test images")
    group.addoption("--check", default="*", metavar="GLOB", help="only these checks")


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Refuse settings that come from the submission."""
    path, settings = early_config.known_args_namespace.submission, early_config.inipath
    if path and settings and settings.resolve().is_relative_to(path.resolve()):
        raise pytest.UsageError(
            f"pytest read its settings from the submission ({settings}). "
            f"Write --submission={path} with an equals sign."
        )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore all other files if a submission is graded."""
    return True if config.getoption("--submission") else None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Replace what pytest would collect by the checks."""
    if not session.config.getoption("--submission"):
        return (yield)
    session.config.args = []
    result = yield
    session.items = list(_SubmissionFile.from_parent(session, **_named(session)).collect())
    session.testscollected = len(session.items)
    return result


def _named(session: pytest.Session) -> dict[str, str]:
    return {"name": str(session.config.getoption("--submission")), "nodeid": "submission"}


def _submission(path: Path) -> Submission:
    try:
        return read_submission(path)
    except UnreadableSubmission as problem:
        if not path.is_file():
            raise
        return unopened_submission(name_of(path), str(problem))


class _SubmissionFile(pytest.Collector):
    """Hold one submission, which is graded when its first check runs."""

    def collect(self) -> list[pytest.Item]:
        """Read the submission and return one item per check."""
        options = self.config.option
        try:
            self.course: GradingContext = prepare_grading(
                options.submission_data, options.check, options.submission_quick
            )
            self.submission: Submission = _submission(options.submission)
        except (SetupError, UnreadableSubmission) as problem:
            raise pytest.UsageError(str(problem)) from problem
        self.results: dict[str, CheckResult] = {}
        self.report: Report | None = None
        chosen = select_checks(self.course.rubric, self.course.selected)
        return [_CheckItem.from_parent(self, name=c.id, nodeid=c.id) for c in chosen]

    def result(self, check: str) -> CheckResult:
        """Return the result of a check; grade the submission if that was not done."""
        if not self.results:
            try:
                with Sandbox() as sandbox:
                    self.report = grade_submission(self.submission, self.course, sandbox)
            except IsolationUnavailable as problem:
                pytest.exit(str(problem), returncode=USAGE)
            self.results = {result.id: result for result in self.report.checks}
        return self.results[check]

    def review(self, check: str) -> tuple[str, ...]:
        """Return why the score of a check is not final; () if it is."""
        result = self.result(check)
        if result.verdict is Verdict.GRADER_FAULT:
            return (result.message,)
        assert self.report is not None
        return self.report.review if check in self.report.review_checks else ()

    def slips(self, check: str) -> tuple[str, ...]:
        """Return the sentences of the slips that explain a check."""
        self.result(check)
        assert self.report is not None
        return tuple(slip_sentence(s) for s in self.report.slips if check in s.checks)


class _CheckItem(pytest.Item):
    """Run one check of the rubric."""

    def setup(self) -> None:
        """Raise `NeedsReview`, which pytest counts as an error, if the score is not final."""
        assert isinstance(self.parent, _SubmissionFile)
        if sentences := self.parent.review(self.name):
            raise NeedsReview("\n".join(sentences))

    def runtest(self) -> None:
        """Skip the check if staff must grade it; raise `LostPoints` if it lost points."""
        assert isinstance(self.parent, _SubmissionFile)
        result = self.parent.result(self.name)
        if result.verdict is Verdict.AWAITING_MARKING:
            pytest.skip(result.message)
        if result.points < result.max_points:
            raise LostPoints(result, self.parent.slips(self.name))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """Return the report's message instead of a traceback."""
        if isinstance(excinfo.value, LostPoints | NeedsReview):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return how pytest names the check."""
        return Path(self.name), None, f"check {self.name}"


class NeedsReview(AutograderError):
    """Staff must review this check before it has a score. The message says why."""


class LostPoints(AutograderError):
    """A check did not earn all its points."""

    def __init__(self, result: CheckResult, slips: Sequence[str] = ()) -> None:
        """Make the message from the check's result and the sentences of its slips."""
        shown = [f"{result.points:g} of {result.max_points:g} points: {result.verdict}"]
        shown.append(result.message)
        shown += [
            f"{key}: {result.evidence[key]}"
            for key in ("call", "expected", "got")
            if key in result.evidence
        ]
        shown += slips
        super().__init__("\n".join(line for line in shown if line))
