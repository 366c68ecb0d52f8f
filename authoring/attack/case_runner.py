"""Submit and grade hostile, faulty and unusual cases like any other submission.

An exploit declares the expected result. `TrialResult.problems` contains a sentence for each
difference.
"""

import fnmatch
import os
import shutil
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from authoring.attack import page_check
from authoring.verify.case_submissions import STUDENT, CorrectSubmission
from autograder.engine.corpus import Alternative, AttackCase
from autograder.engine.executor import Executor
from autograder.engine.record import CheckResult, Report, Verdict
from autograder.grading.submission import GradingContext, Trace, grade_submission
from quantlab.intake.submission import Submission, UnreadableSubmission, read_submission

RAN = "RAN"  # the file that code in a model creates if it is executed
_CORRECT = (Verdict.CORRECT, Verdict.AWAITING_MARKING)


@dataclass(frozen=True)
class TrialResult:
    """Hold the result of a case; `problems` is empty if it is the expected one."""

    case: AttackCase | Alternative
    report: Report | None  # None: refused
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Trials:
    """Grade cases; `correct` is the correct submission, `stub` the student's solution.py."""

    correct: CorrectSubmission
    stub: str
    course: GradingContext

    def run(self, case: AttackCase | Alternative, executor: Executor) -> TrialResult:
        """Submit and grade `case`, and check every page of its report."""
        folder = self.correct.folder / "trials" / case.name
        folder.mkdir(parents=True)
        try:
            return self._run(case, executor, folder)
        except Exception as error:  # would have stopped the grading of a whole class
            problem = f"it stops the grader: {type(error).__name__}: {error}"
            return TrialResult(case, None, (problem,))
        finally:
            _remove(folder)

    def _run(self, case: AttackCase | Alternative, executor: Executor, folder: Path) -> TrialResult:
        try:
            submission = self._submission(case, folder / "submission")
        except UnreadableSubmission as error:
            return TrialResult(case, None, tuple(problems_of_refusal(case, str(error))))
        trace = Trace()
        with warnings.catch_warnings(action="ignore"):  # about models with absurd numbers
            report = grade_submission(submission, self.course, executor, trace=trace)
        problems = [
            *problems_of_report(case, report),
            *page_check.find_problems(report, trace, folder / "out"),
        ]
        if any(RAN in files for _, _, files in os.walk(folder)):
            problems.append("code in one of the files was executed outside the sandbox.")
        return TrialResult(case, report, tuple(problems))

    def _submission(self, case: AttackCase | Alternative, folder: Path) -> Submission:
        if isinstance(case, Alternative):
            return self.correct.apply(case)
        build = case.build()
        if build is None:
            source = case.source(self.correct.solution, self.stub)
            if case.kind == "cheat":
                return Submission(STUDENT, source)
            return replace(self.correct.unchanged, solution=source)
        folder.mkdir()
        archive = build(folder, self.correct.folder / "right")
        return read_submission(archive) if archive else read_submission(folder, STUDENT)


def problems_of_refusal(case: AttackCase | Alternative, message: str) -> list[str]:
    """Return what is wrong with refusing `case` with `message`."""
    if isinstance(case, Alternative) or case.kind != "refused":
        return [f"it is refused: {message}"]
    if case.problem not in message:
        return [f"the refusal does not say {case.problem!r}: {message}"]
    return [] if message.isprintable() else [f"the refusal cannot be printed: {message!r}"]


def problems_of_report(case: AttackCase | Alternative, report: Report) -> list[str]:
    """Return what is wrong with this report of `case`."""
    problems = [
        f"{check.id}: the grader failed ({check.message})"
        for check in report.checks
        if check.verdict is Verdict.GRADER_FAULT
    ]
    if isinstance(case, Alternative):
        wrong = [check for check in report.checks if check.verdict not in _CORRECT]
        return problems + [_describe(check) for check in wrong]
    if case.kind == "refused":
        return [*problems, "it is not refused."]
    targets = [c for c in report.checks if any(fnmatch.fnmatchcase(c.id, p) for p in case.checks)]
    if not targets:
        problems.append(f"no check matches {' or '.join(case.checks)}.")
    problems += [_describe(check) for check in targets if check.verdict not in case.verdicts]
    if not any(case.problem in check.message for check in targets):
        problems.append(f"no message says {case.problem!r}: {'; '.join(map(_describe, targets))}")
    if case.kind == "cheat":
        problems += [f"it gains: {_describe(check)}" for check in report.checks if check.points]
        problems += ["it gains a bonus."] * (report.bonus > 0)
        problems += [f"it gains points by a slip: {slip.mistake}" for slip in report.slips]
        return problems
    others = [check for check in report.checks if check not in targets]
    if case.kind == "legal":
        others += targets
    else:
        problems += [
            f"it costs nothing: {_describe(c)}" for c in targets if c.points >= c.max_points
        ]
    return problems + [
        f"it loses points in another check: {_describe(c)}"
        for c in others
        if c.verdict not in _CORRECT
    ]


def _describe(check: CheckResult) -> str:
    return f"{check.id} is {check.verdict} ({check.message})"


def _remove(folder: Path) -> None:
    """Remove a folder, even where it cannot be listed or a name is not text."""

    def allow(remove: object, path: str, error: object) -> None:
        os.chmod(path, 0o700)
        shutil.rmtree(path, ignore_errors=True)

    shutil.rmtree(os.fsencode(folder), onerror=allow)
