"""Refuse names in the course file and in manual scores that a class does not contain."""

import difflib
from collections.abc import Collection

from autograder.course.class_record import ClassRecord
from autograder.course.course_file import Policy, PolicyError
from autograder.course.manual_scores import AUTOMATIC, ManualScores
from autograder.engine.record import CheckResult


def refuse_unknown_students(policy: Policy, manual: ManualScores, allowed: Collection[str]) -> None:
    """Raise `PolicyError` for a student or group that is not `allowed`, with where it is named."""
    named = [(name, "course.toml grants an extension to") for name in policy.extensions]
    named += [(name, "course.toml states a submission time of") for name in policy.submitted]
    named += [(name, "course.toml excuses") for name in sorted(policy.excused)]
    named += [(name, "course.toml lists as reviewed") for name in sorted(policy.reviewed)]
    named += [
        (name, f"{score.source or 'A manual score'} names") for (name, _), score in manual.items()
    ]
    for name, what in named:
        if name not in allowed:
            near = difflib.get_close_matches(name, allowed, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            listed = (
                "Add the student to the roster"
                if policy.roster is not None
                else "If the student has not submitted yet, list the class in a roster"
            )
            raise PolicyError(f"{what} {name}, an unknown student.{hint} {listed}.")


def refuse_unknown_checks(record: ClassRecord, manual: ManualScores) -> None:
    """Raise `PolicyError` for a manual score that does not fit the reports.

    Its check is unknown, its points exceed the maximum, or its question has a score as a whole.
    """
    most: dict[str, float] = {}
    automatic: dict[str, CheckResult] = {}
    for outcome in record.outcomes:
        if outcome.report is not None:
            most |= {check.id: check.max_points for check in outcome.report.checks}
            automatic |= {check.id: check for check in outcome.report.automatic}
    for question in {check.question for check in automatic.values()}:
        own = (check.max_points for check in automatic.values() if check.question == question)
        most[AUTOMATIC + question] = round(sum(own), 4)
    for (student, check), score in manual.items():
        where = score.source or "A manual score"
        if check not in most:
            near = difflib.get_close_matches(check, most, 1)
            hint = (
                f"Did you mean {near[0]}?"
                if near
                else "autograder/engine/rubric.toml lists the checks."
            )
            raise PolicyError(f"{where}: unknown check {check}. {hint}")
        if not 0 <= score.points <= most[check]:
            raise PolicyError(
                f"{where}: {student} has {score.points:g} points for {check}, which is worth "
                f"{most[check]:g}."
            )
        by_question = AUTOMATIC + automatic[check].question if check in automatic else ""
        if (student, by_question) in manual:
            raise PolicyError(
                f"{where}: {student} has manual scores for {check} and for {by_question}, "
                "which contains it. Keep one of the two."
            )
