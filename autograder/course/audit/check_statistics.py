"""Find checks that all or none pass, results that changed, and equal wrong answers.

A check that all or none pass does not distinguish students. A result that changes between two runs
of the same submission depends on chance or on a change of the kit. Inputs are drawn per student,
and question 1b uses a student's own vectors: two wrong answers that agree in every digit are rarely
independent.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from autograder.course.audit.audit_finding import AuditFinding, Kind
from autograder.course.class_record import ClassRecord, Outcome
from autograder.engine.record import CheckResult, Verdict

FEWEST = 5  # submissions; with fewer, all or none means little
FEWEST_DIGITS = 8  # shorter answers, such as "0" or "None", agree by chance
MOST_SHOWN = 40
_OPEN = frozenset(
    {Verdict.AWAITING_MARKING, Verdict.GRADER_FAULT, Verdict.BLOCKED, Verdict.MISSING}
)


def undiscriminating_checks(record: ClassRecord) -> Iterator[AuditFinding]:
    """Yield the checks in which all submissions have full points, or none has any."""
    results: dict[str, list[CheckResult]] = defaultdict(list)
    for outcome in record.outcomes:
        for check in outcome.report.automatic if outcome.report else ():
            if check.verdict not in _OPEN:
                results[check.id].append(check)
    for id, graded in results.items():
        if len(graded) < FEWEST:
            continue
        if all(check.points == check.max_points for check in graded):
            yield AuditFinding(
                Kind.EVERYBODY,
                f"{id}: all {len(graded)} submissions that reached it have full points.",
                "It may be easy, or shown by the public checks. A check that cannot be failed is "
                "an error; python -m authoring verify shows what it catches.",
            )
        elif not any(check.points for check in graded):
            yield AuditFinding(
                Kind.NEVER_PASSED,
                f"{id}: none of {len(graded)} submissions that reached it has a point.",
                "The handout may be unclear, or the check may be wrong. Look at three answers with "
                f"--replay {id} before scores are published.",
            )


def changed_results(record: ClassRecord, previous: ClassRecord) -> Iterator[AuditFinding]:
    """Yield the checks whose verdict or points changed for the same submission."""
    before = {_identity(outcome): outcome for outcome in previous.outcomes if outcome.report}
    changed: dict[str, dict[str, str]] = defaultdict(dict)
    for outcome in record.outcomes:
        old = before.get(_identity(outcome))
        if old is None or old.report is None or outcome.report is None:
            continue
        earlier = {check.id: check for check in old.report.checks}
        for check in outcome.report.checks:
            was = earlier.get(check.id)
            if was and (was.verdict, was.points) != (check.verdict, check.points):
                changed[check.id][outcome.entry.student] = (
                    f"{outcome.entry.student}: {was.verdict} {was.points:g}, now "
                    f"{check.verdict} {check.points:g} of {check.max_points:g}"
                )
    for id, lines in changed.items():
        yield AuditFinding(
            Kind.FLIPS,
            f"{id}: {len(lines)} of {len(record.outcomes)} submissions changed since the last run.",
            "A change of the grader, the rubric or the secret explains this. Without one, the code "
            "depends on chance or on time, or the machine was overloaded.",
            tuple(lines),
            details=tuple(list(lines.values())[:MOST_SHOWN]),
        )


def same_wrong_answers(record: ClassRecord) -> Iterator[AuditFinding]:
    """Yield the groups of submissions with equal wrong answers, most answers first."""
    answers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for outcome in record.outcomes:
        for check in outcome.report.checks if outcome.report else ():
            if (got := _distinctive_answer(check)) is not None:
                answers[check.id, got].append(outcome.entry.student)
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
    for (id, got), students in answers.items():
        if len(students) > 1:
            groups[tuple(sorted(students))].append((id, got))
    for group in sorted(groups, key=lambda names: (-len(groups[names]), names)):
        yield _equal_answers(group, groups[group])


def _equal_answers(students: Sequence[str], shared: Sequence[tuple[str, str]]) -> AuditFinding:
    checks = ", ".join(id for id, _ in shared)
    return AuditFinding(
        Kind.SAME_WRONG,
        f"{len(students)} submissions have equal wrong answers in {len(shared)} "
        f"{'check' if len(shared) == 1 else 'checks'}: {checks}.",
        "Inputs are drawn per student, and the vectors of 1b are each student's own, so "
        "independent answers differ in their digits. Honest reasons: a group worked on one table, "
        "or the answer is a constant that does not depend on the input.",
        tuple(students),
        details=tuple(f"{id}: {got}" for id, got in shared[:MOST_SHOWN]),
    )


def _distinctive_answer(check: CheckResult) -> str | None:
    """Return the wrong answer of a check if it has enough digits to be distinctive."""
    got = check.evidence.get("got")
    decided = check.verdict in (Verdict.WRONG, Verdict.PARTIAL)
    if not decided or check.misconception or not isinstance(got, str):
        return None
    return got if sum(letter.isdigit() for letter in got) >= FEWEST_DIGITS else None


def _identity(outcome: Outcome) -> tuple[str, str, int]:
    """Return what identifies the same submission in two runs."""
    return outcome.entry.student, outcome.entry.submitted, outcome.entry.attempt


def group_by_kind(findings: Sequence[AuditFinding]) -> Mapping[Kind, tuple[AuditFinding, ...]]:
    """Return {kind: findings}, in the order of the kinds."""
    return {
        kind: of_kind
        for kind in Kind
        if (of_kind := tuple(finding for finding in findings if finding.kind is kind))
    }
