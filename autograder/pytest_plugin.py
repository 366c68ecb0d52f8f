"""The checks as tests: `pytest -p autograder.pytest_plugin --submission PATH`.

Each check of the rubric is one test with the check's id. A test passes when the check earns all its
points, is skipped when a person must mark it, errors when it needs review, and fails otherwise with
the report's sentence. With
`--submission` nothing else is collected, least of all what lies in the submission: a student's
`conftest.py` or `test_*.py` is never imported. Written with a blank, pytest takes PATH for a folder
to read its settings from before any plugin is asked; where that finds a `pytest.ini` of the
student's, the run is refused. `--submission=PATH` avoids it.
"""

from collections.abc import Generator
from pathlib import Path

import pytest

from autograder.engine.record import CheckResult, Report, Verdict
from autograder.grading.preparation import SetupError, prepare_grading
from autograder.grading.submission import GradingContext, grade_submission, select_checks
from autograder.intake.submission import (
    Submission,
    UnreadableSubmission,
    name_of,
    read_submission,
    unopened_submission,
)
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("autograder")
    group.addoption("--submission", type=Path, metavar="PATH", help="mark this folder or zip file")
    group.addoption("--submission-data", default="cifar10", choices=("cifar10", "shapes10"))
    group.addoption("--submission-quick", action="store_true", help="1,000 test images")
    group.addoption("--check", default="*", metavar="GLOB", help="only these checks")


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Refuse settings that came out of the submission."""
    path, settings = early_config.known_args_namespace.submission, early_config.inipath
    if path and settings and settings.resolve().is_relative_to(path.resolve()):
        raise pytest.UsageError(
            f"pytest read its settings from the submission ({settings}). "
            f"Write --submission={path} with an equals sign."
        )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.getoption("--submission") else None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Puts the checks in place of what pytest would collect."""
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
    """One submission, marked when its first check is run."""

    def collect(self) -> list[pytest.Item]:
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
        if not self.results:
            try:
                with Sandbox() as sandbox:
                    self.report = grade_submission(self.submission, self.course, sandbox)
            except IsolationUnavailable as problem:
                pytest.exit(str(problem), returncode=2)
            self.results = {one.id: one for one in self.report.checks}
        return self.results[check]

    def review(self, check: str) -> tuple[str, ...]:
        """Return why the score of a check is not final; () where it is."""
        result = self.result(check)
        if result.verdict is Verdict.GRADER_FAULT:
            return (result.message,)
        assert self.report is not None
        return self.report.review if check in self.report.review_checks else ()


class _CheckItem(pytest.Item):
    """One check of the rubric."""

    def setup(self) -> None:
        """Raise `NeedsReview`, which pytest counts as an error, where the score is not final."""
        assert isinstance(self.parent, _SubmissionFile)
        if sentences := self.parent.review(self.name):
            raise NeedsReview("\n".join(sentences))

    def runtest(self) -> None:
        assert isinstance(self.parent, _SubmissionFile)
        result = self.parent.result(self.name)
        if result.verdict is Verdict.AWAITING_MARKING:
            pytest.skip(result.message)
        if result.points < result.max_points:
            raise LostPoints(result)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        if isinstance(excinfo.value, LostPoints | NeedsReview):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return Path(self.name), None, f"check {self.name}"


class NeedsReview(Exception):
    """Staff must look before this check has a score; the message says at what."""


class LostPoints(Exception):
    """A check that did not earn all its points."""

    def __init__(self, result: CheckResult) -> None:
        shown = [f"{result.points:g} of {result.max_points:g} points: {result.verdict}"]
        shown.append(result.message)
        shown += [
            f"{key}: {result.evidence[key]}"
            for key in ("call", "expected", "got")
            if key in result.evidence
        ]
        super().__init__("\n".join(line for line in shown if line))
