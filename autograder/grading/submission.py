"""The walk of one submission: every check of the rubric in turn, to a `Report`.

`each_check` walks and gives what every check found, one after the other; `assemble` makes a report
of what was found so far, and is pure, so that a walk may end anywhere and go on elsewhere. `mark`
does both: a report exists from the first moment on, with every check not reached, and `on_report`
is given a new one after each check. An exception inside a check is the grader's fault: the check
says so, the student loses nothing to it silently, and the traceback goes into the run's record for
staff.
"""

import fnmatch
import json
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.checks import ALL_CHECKS
from autograder.checks.base import Check, Evidence, Finding
from autograder.engine import hidden
from autograder.engine.executor import Player
from autograder.engine.misconceptions import Misconceptions
from autograder.engine.model_accuracy import Measurements
from autograder.engine.oracle import Oracle
from autograder.engine.record import CheckResult, Marked, Report, Verdict
from autograder.engine.rubric import Item, Rubric, refuse_mismatch
from autograder.engine.secret import Draws
from autograder.grading.review import review
from autograder.intake.submission import Submission
from quantlab.protocol.calls import Failure

NOT_REACHED = "Not reached."


@dataclass(frozen=True)
class Course:
    """What marking needs besides the submission: the same for everybody."""

    rubric: Rubric
    secret: bytes
    oracle: Oracle
    measurements: Measurements
    misconceptions: Misconceptions
    selected: str = "*"  # a pattern of check ids
    reveal: bool = False  # show hidden checks as visible ones: for staff only


@dataclass
class Trace:
    """What varies from run to run: seconds per check, tracebacks of grader faults."""

    seconds: dict[str, float] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


class UnknownCheck(Exception):
    """No check's id matches the pattern; the message names ids that are near."""


def select(rubric: Rubric, pattern: str) -> tuple[Check, ...]:
    """The checks that the pattern selects, in the rubric's order. Raises `UnknownCheck`."""
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


def mark(
    submission: Submission,
    course: Course,
    player: Player,
    on_report: Callable[[Report], None] = lambda report: None,
    trace: Trace | None = None,
) -> Report:
    """Mark one submission and return its report."""
    marked: dict[str, Marked] = {}

    def report() -> Report:
        title, quick = course.measurements.dataset_title, course.measurements.quick
        return assemble(
            submission, course.rubric, course.selected, title, quick, player.isolation, marked
        )

    on_report(report())
    for one in each_check(submission, course, player, trace):
        marked[one.result.id] = one
        on_report(report())
    return report()


def each_check(
    submission: Submission,
    course: Course,
    player: Player,
    trace: Trace | None = None,
    finished: Collection[str] = (),
) -> Iterator[Marked]:
    """What each selected check gives, in the rubric's order, without those that are `finished`."""
    trace = trace if trace is not None else Trace()
    checks = [c for c in select(course.rubric, course.selected) if c.id not in finished]
    import_failure = _import(submission, player, checks, trace)
    evidence = gather(submission, course, player, import_failure)
    for check in checks:
        started = time.perf_counter()
        item = course.rubric.items[check.id]
        finding = _find(check, evidence, item, trace)
        trace.seconds[check.id] = round(time.perf_counter() - started, 4)
        result = result_of(check, item, finding, course.reveal)
        yield Marked(result, finding.model, finding.bonus, finding.flags)


def assemble(
    submission: Submission,
    rubric: Rubric,
    selected: str,
    dataset_title: str,
    quick: bool,
    isolation: str,
    marked: Mapping[str, Marked],
) -> Report:
    """The report of what was marked so far, by check; the other selected checks are not reached.

    `selected`, `dataset_title`, `quick` and `isolation` are as they were for the marking.
    """
    checks = select(rubric, selected)
    found = [marked[check.id] for check in checks if check.id in marked]
    results = tuple(
        marked[check.id].result if check.id in marked else _not_reached(check, rubric)
        for check in checks
    )
    partly = (f"Only the checks {selected} were run.",) if selected != "*" else ()
    open_yet = review(submission, found)
    questions = {result.question for result in results}
    return Report(
        student=submission.student,
        dataset=dataset_title,
        isolation=isolation,
        checks=results,
        question_titles={q.id: q.title for q in rubric.questions if q.id in questions},
        models=tuple(one.model for one in found if one.model),
        bonus=sum((one.bonus for one in found), start=0.0),
        flags=(*submission.flags, *partly, *(flag for one in found for flag in one.flags)),
        provisional=quick or selected != "*",
        review=open_yet.sentences,
        review_checks=open_yet.checks,
    )


def gather(
    submission: Submission, course: Course, player: Player, import_failure: Failure | None = None
) -> Evidence:
    """What the checks look at; `import_failure` is why solution.py can't be imported, if so."""
    return Evidence(
        submission=submission,
        rubric=course.rubric,
        draws=Draws(course.secret, submission.student),
        oracle=course.oracle,
        player=player,
        measurements=course.measurements,
        misconceptions=course.misconceptions,
        import_failure=import_failure,
    )


def result_of(check: Check, item: Item, finding: Finding, reveal: bool = False) -> CheckResult:
    """A finding with its points; of a hidden check only what tells nothing about its inputs."""
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
        message=finding.message if visible else _hidden_message(finding),
        evidence=dict(finding.evidence) if visible else hidden.evidence(finding.evidence),
    )


def _hidden_message(finding: Finding) -> str:
    return finding.hidden_message or hidden.sentence(finding.verdict)


def _find(check: Check, evidence: Evidence, item: Item, trace: Trace) -> Finding:
    try:
        finding = check.mark(evidence, item)
        json.dumps(dict(finding.evidence), allow_nan=False)  # or no report could be written at all
        return finding
    except Exception as error:  # ours, whatever it is: it must not become a mark
        trace.faults[check.id] = traceback.format_exc()
        return Finding(
            Verdict.GRADER_FAULT,
            message=f"The grader failed here ({type(error).__name__}); a person will look.",
        )


def _import(
    submission: Submission, player: Player, checks: Sequence[Check], trace: Trace
) -> Failure | None:
    """Import solution.py once, alone, so that a loop at import costs one deadline and not forty."""
    if submission.solution is None or not any(check.source == "call" for check in checks):
        return None
    try:
        return player.import_source(submission.solution)
    except Exception:  # ours, whatever it is
        trace.faults["import"] = traceback.format_exc()
        return Failure(Verdict.GRADER_FAULT, "the grader failed; a person will look.")


def _not_reached(check: Check, rubric: Rubric) -> CheckResult:
    finding = Finding(Verdict.BLOCKED, message=NOT_REACHED, hidden_message=NOT_REACHED)
    return result_of(check, rubric.items[check.id], finding)
