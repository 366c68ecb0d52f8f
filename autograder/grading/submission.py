"""Grade one submission: run every check of the rubric in turn and build a `Report`.

`grade_checks` runs the checks and yields their results one by one. `build_report` is a pure
function of the results so far, so grading may stop anywhere and continue elsewhere.
`grade_submission` does both: it reports once before the first check and after each one.

An exception inside a check is a grader fault. The check says so, the student loses no points
silently, and the traceback is kept in the `Trace` for staff.
"""

import fnmatch
import json
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.checks import ALL_CHECKS
from autograder.checks.base import Check, Evidence, Finding
from autograder.engine import redaction
from autograder.engine.executor import Executor
from autograder.engine.misconceptions import Misconceptions
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.record import CheckResult, GradedCheck, Report, Verdict
from autograder.engine.rubric import Rubric, RubricItem, refuse_mismatch
from autograder.engine.secret import StudentRandom
from autograder.engine.slips import cap_slips
from autograder.errors import UnknownCheck
from autograder.grading import repairs
from autograder.grading.review import review
from autograder.grading.unnamed_mistakes import unnamed_mistakes
from quantlab.intake.submission import Submission
from quantlab.protocol.calls import Failure
from quantlab.protocol.repair import Imported, import_notes

NOT_REACHED = "Not reached."


@dataclass(frozen=True)
class GradingContext:
    """Hold what grading needs besides the submission: the same for all students."""

    rubric: Rubric
    secret: bytes
    oracle: Oracle
    evaluator: ModelEvaluator
    misconceptions: Misconceptions
    selected: str = "*"  # a pattern of check ids
    reveal: bool = False  # show hidden checks as visible ones: for staff only


@dataclass
class Trace:
    """Hold what varies from run to run: seconds per check, tracebacks of grader faults."""

    seconds: dict[str, float] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def select_checks(rubric: Rubric, pattern: str) -> tuple[Check, ...]:
    """Return the checks that match the pattern, in the rubric's order.

    Raise `UnknownCheck` if there are none.
    """
    refuse_mismatch(rubric, (check.id for check in ALL_CHECKS))
    by_id = {check.id: check for check in ALL_CHECKS}
    chosen = tuple(by_id[id] for id in rubric.items if fnmatch.fnmatchcase(id, pattern))
    if not chosen:
        question = pattern.split(".", maxsplit=1)[0].rstrip("*")
        near = [id for id in rubric.items if id.startswith(question)] or list(rubric.items)
        raise UnknownCheck(
            f"No check is called {pattern!r}; there are, for example, {', '.join(near[:4])}. "
            "Patterns such as '2b.*' select several."
        )
    return chosen


def grade_submission(
    submission: Submission,
    context: GradingContext,
    executor: Executor,
    on_report: Callable[[Report], None] = lambda report: None,
    trace: Trace | None = None,
) -> Report:
    """Grade one submission and return its report.

    `on_report` receives the report before the first check and after each one.
    """
    graded: dict[str, GradedCheck] = {}

    def report() -> Report:
        title, quick = context.evaluator.dataset_title, context.evaluator.quick
        return build_report(
            submission, context.rubric, context.selected, title, quick, executor.isolation, graded
        )

    on_report(report())
    for graded_check in grade_checks(submission, context, executor, trace):
        graded[graded_check.result.id] = graded_check
        on_report(report())
    return report()


def grade_checks(
    submission: Submission,
    context: GradingContext,
    executor: Executor,
    trace: Trace | None = None,
    finished: Collection[str] = (),
) -> Iterator[GradedCheck]:
    """Yield the result of each selected check, in the rubric's order.

    Checks in `finished` are skipped.
    """
    trace = trace if trace is not None else Trace()
    checks = [c for c in select_checks(context.rubric, context.selected) if c.id not in finished]
    imported = _import(submission, executor, checks, trace)
    submission = as_imported(submission, imported)
    evidence = build_evidence(submission, context, executor, imported.failure)
    for check in checks:
        started = time.perf_counter()
        item = context.rubric.items[check.id]
        finding = _find(check, evidence, item, trace)
        trace.seconds[check.id] = round(time.perf_counter() - started, 4)
        result = score_finding(check, item, finding, context.reveal)
        graded = GradedCheck(result, finding.model, finding.bonus, finding.flags, finding.notes)
        if check.source == "call":
            graded = replace(graded, notes=import_notes(imported), repair=imported.repair)
        yield graded


def build_report(
    submission: Submission,
    rubric: Rubric,
    selected: str,
    dataset_title: str,
    quick: bool,
    isolation: str,
    graded: Mapping[str, GradedCheck],
    repair_mode: str = repairs.REVIEW,
) -> Report:
    """Return the report of the checks graded so far; other selected checks are not reached.

    `selected`, `dataset_title`, `quick` and `isolation` are those of the grading. `repair_mode`
    says what counts if solution.py was repaired, one of `repairs.MODES`.
    """
    checks = select_checks(rubric, selected)
    graded = repairs.counted(submission, graded, repair_mode)
    done = [graded[check.id] for check in checks if check.id in graded]
    results = tuple(
        graded[check.id].result if check.id in graded else _not_reached(check, rubric)
        for check in checks
    )
    partly = (f"Only the checks {selected} were run.",) if selected != "*" else ()
    open_yet = review(submission, done, repair_mode == repairs.REVIEW)
    questions = {result.question for result in results}
    return Report(
        student=submission.student,
        dataset=dataset_title,
        isolation=isolation,
        checks=results,
        question_titles={q.id: q.title for q in rubric.questions if q.id in questions},
        models=tuple(graded_check.model for graded_check in done if graded_check.model),
        bonus=sum((graded_check.bonus for graded_check in done), start=0.0),
        flags=(
            *submission.flags,
            *partly,
            *(flag for graded_check in done for flag in graded_check.flags),
            *unnamed_mistakes(results),
        ),
        provisional=quick or selected != "*",
        review=open_yet.sentences,
        review_checks=open_yet.checks,
        notes=tuple(
            dict.fromkeys(
                (*submission.notes, *(note for graded_check in done for note in graded_check.notes))
            )
        ),
        slips=cap_slips(rubric.slips, results),
    )


def build_evidence(
    submission: Submission,
    context: GradingContext,
    executor: Executor,
    import_failure: Failure | None = None,
) -> Evidence:
    """Return what the checks read; `import_failure` is why solution.py cannot be imported."""
    return Evidence(
        submission=submission,
        rubric=context.rubric,
        student_random=StudentRandom(context.secret, submission.student),
        oracle=context.oracle,
        executor=executor,
        evaluator=context.evaluator,
        misconceptions=context.misconceptions,
        import_failure=import_failure,
    )


def score_finding(
    check: Check, item: RubricItem, finding: Finding, reveal: bool = False
) -> CheckResult:
    """Return a finding with its points; of a hidden check only what may be shown."""
    visible = item.visible or reveal
    alone = finding.credit if finding.credit_alone is None else finding.credit_alone
    return CheckResult(
        id=check.id,
        question=item.question,
        title=check.title,
        visible=visible,
        source=check.source,
        verdict=finding.verdict,
        points=round(finding.credit * item.points, 4),
        max_points=item.points,
        points_alone=round(alone * item.points, 4),
        misconception=finding.misconception,
        explained_by=finding.explained_by,
        message=finding.message if visible else _hidden_message(finding),
        evidence=dict(finding.evidence) if visible else redaction.shown_evidence(finding.evidence),
    )


def _hidden_message(finding: Finding) -> str:
    return finding.hidden_message or redaction.hidden_sentence(finding.verdict)


def _find(check: Check, evidence: Evidence, item: RubricItem, trace: Trace) -> Finding:
    try:
        finding = check.grade(evidence, item)
        json.dumps(dict(finding.evidence), allow_nan=False)  # or no report could be written at all
        return finding
    except Exception as error:  # ours, whatever it is: it must not become a score
        trace.faults[check.id] = traceback.format_exc()
        return Finding(
            Verdict.GRADER_FAULT,
            message=f"The grader failed here ({type(error).__name__}); staff will look.",
        )


def _import(
    submission: Submission, executor: Executor, checks: Sequence[Check], trace: Trace
) -> Imported:
    """Import solution.py once, alone, so that an endless loop costs one deadline, not forty."""
    if submission.solution is None or not any(check.source == "call" for check in checks):
        return Imported(submission.solution or "")
    try:
        return executor.import_source(submission.solution)
    except Exception:  # ours, whatever it is
        trace.faults["import"] = traceback.format_exc()
        failure = Failure(Verdict.GRADER_FAULT, "the grader failed; staff will look.")
        return Imported(submission.solution, failure)


def as_imported(submission: Submission, imported: Imported) -> Submission:
    """Return the submission with the solution.py that its functions are called in."""
    return replace(submission, solution=imported.source) if imported.repair else submission


def _not_reached(check: Check, rubric: Rubric) -> CheckResult:
    finding = Finding(Verdict.BLOCKED, message=NOT_REACHED, hidden_message=NOT_REACHED)
    return score_finding(check, rubric.items[check.id], finding)
