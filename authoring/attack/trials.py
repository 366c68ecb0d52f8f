"""Hostile, faulty and unusual submissions, each handed in and marked like anybody's.

An exploit says itself what must come of it; `Outcome.wrong` says in sentences what else came.
"""

import fnmatch
import os
import shutil
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from authoring.attack import page_check
from authoring.verify.folders import STUDENT, Right
from autograder.engine.corpus import Alternative, AttackCase
from autograder.engine.executor import Executor
from autograder.engine.record import CheckResult, Report, Verdict
from autograder.grading.submission import GradingContext, Trace, grade_submission
from autograder.intake.submission import Submission, UnreadableSubmission, read_submission

RAN = "RAN"  # the name of the file that code in a model would make if it were executed
_RIGHT = (Verdict.CORRECT, Verdict.AWAITING_MARKING)


@dataclass(frozen=True)
class Outcome:
    """What came of a case; `wrong` is empty where that is what must."""

    case: AttackCase | Alternative
    report: Report | None  # None: refused
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Zoo:
    """Hands in cases; `right` is the right submission, `stub` the text that students begin with."""

    right: Right
    stub: str
    course: GradingContext

    def outcome(self, case: AttackCase | Alternative, executor: Executor) -> Outcome:
        """Hands `case` in, has it marked, and looks at every page that comes of it."""
        place = self.right.folder / "zoo" / case.name
        place.mkdir(parents=True)
        try:
            return self._outcome(case, executor, place)
        except Exception as error:  # what would have ended the marking of a whole class
            return Outcome(case, None, (f"it stops the grader: {type(error).__name__}: {error}",))
        finally:
            _remove(place)

    def _outcome(self, case: AttackCase | Alternative, executor: Executor, place: Path) -> Outcome:
        try:
            submission = self._submission(case, place / "submission")
        except UnreadableSubmission as problem:
            return Outcome(case, None, tuple(wrong_with_refusal(case, str(problem))))
        trace = Trace()
        with warnings.catch_warnings(action="ignore"):  # models with numbers that no model has
            report = grade_submission(submission, self.course, executor, trace=trace)
        wrong = [
            *wrong_with_report(case, report),
            *page_check.complaints(report, trace, place / "out"),
        ]
        if any(RAN in files for _, _, files in os.walk(place)):
            wrong.append("code in one of the files was executed on this side of the wall.")
        return Outcome(case, report, tuple(wrong))

    def _submission(self, case: AttackCase | Alternative, place: Path) -> Submission:
        if isinstance(case, Alternative):
            return self.right.submission(case)
        build = case.build()
        if build is None:
            source = case.source(self.right.solution, self.stub)
            if case.kind == "cheat":
                return Submission(STUDENT, source)
            return replace(self.right.unchanged, solution=source)
        place.mkdir()
        archive = build(place, self.right.folder / "right")
        return read_submission(archive) if archive else read_submission(place, STUDENT)


def wrong_with_refusal(case: AttackCase | Alternative, sentence: str) -> list[str]:
    """What is wrong with `case` not being marked at all, for the reason in `sentence`."""
    if isinstance(case, Alternative) or case.kind != "refused":
        return [f"it is refused: {sentence}"]
    if case.problem not in sentence:
        return [f"the refusal does not say {case.problem!r}: {sentence}"]
    return [] if sentence.isprintable() else [f"the refusal cannot be printed: {sentence!r}"]


def wrong_with_report(case: AttackCase | Alternative, report: Report) -> list[str]:
    """What is wrong with this report of `case`."""
    wrong = [
        f"{check.id}: the grader failed ({check.message})"
        for check in report.checks
        if check.verdict is Verdict.GRADER_FAULT
    ]
    if isinstance(case, Alternative):
        return wrong + [_said(check) for check in report.checks if check.verdict not in _RIGHT]
    if case.kind == "refused":
        return [*wrong, "it is not refused."]
    about = [c for c in report.checks if any(fnmatch.fnmatchcase(c.id, p) for p in case.checks)]
    if not about:
        wrong.append(f"no check is called {' or '.join(case.checks)}.")
    wrong += [_said(check) for check in about if check.verdict not in case.verdicts]
    if not any(case.problem in check.message for check in about):
        wrong.append(f"no sentence says {case.problem!r}: {'; '.join(map(_said, about))}")
    if case.kind == "cheat":
        wrong += [f"it gains: {_said(check)}" for check in report.checks if check.points]
        wrong += ["it gains a bonus."] * (report.bonus > 0)
        return wrong
    elsewhere = [check for check in report.checks if check not in about]
    if case.kind == "legal":
        elsewhere += about
    else:
        wrong += [f"it costs nothing: {_said(c)}" for c in about if c.points >= c.max_points]
    return wrong + [f"it is punished: {_said(c)}" for c in elsewhere if c.verdict not in _RIGHT]


def _said(check: CheckResult) -> str:
    return f"{check.id} is {check.verdict} ({check.message})"


def _remove(place: Path) -> None:
    """Also folders that may not be listed and names that are no text."""

    def allow(remove: object, path: str, error: object) -> None:
        os.chmod(path, 0o700)
        shutil.rmtree(path, ignore_errors=True)

    shutil.rmtree(os.fsencode(place), onerror=allow)
