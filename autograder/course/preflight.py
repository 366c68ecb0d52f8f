"""Check what a class is graded with before anything is graded.

The policy and the manual scores are applied to reports that contain no points yet. So an unknown
student or check, a score above its maximum, and a roster that fits two students are errors now.
"""

from collections.abc import Sequence
from pathlib import Path

from autograder.checks.base import Finding
from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.manual_scores import read_manual_scores
from autograder.course.policy import Policy, apply_policy
from autograder.course.reports import GradingSetup
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.record import Report, Verdict
from autograder.grading.submission import score_finding, select_checks
from autograder.platforms import Export
from autograder.platforms.export_entry import ExportEntry


def refuse_unusable_inputs(
    export: Export, setup: GradingSetup, policy: Policy, manual: Sequence[Path]
) -> None:
    """Raise an error if the class can't be graded with these inputs.

    Raises:
        PolicyError: the course file, the roster or a manual score does not fit the class.
        DataNotFound: the test images are missing.
    """
    outcomes = tuple(Outcome(entry, _empty_report(entry, setup)) for entry in export.entries)
    record = ClassRecord(export.source, setup.dataset, outcomes, export.missing)
    apply_policy(record, policy, read_manual_scores(manual, record))
    if any(check.needs_data for check in select_checks(setup.rubric, setup.check)):
        ModelEvaluator(setup.dataset, Oracle(), setup.quick).load()


def _empty_report(entry: ExportEntry, setup: GradingSetup) -> Report:
    checks = tuple(
        score_finding(check, setup.rubric.items[check.id], Finding(Verdict.MISSING))
        for check in select_checks(setup.rubric, setup.check)
    )
    titles = {question.id: question.title for question in setup.rubric.questions}
    return Report(entry.student, setup.dataset, "not started", checks, titles)
