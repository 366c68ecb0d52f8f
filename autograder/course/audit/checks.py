"""What the reports of a class tell about its checks, and about answers that agree too well.

Pure functions of records that cannot fail. A check that everybody passes, or nobody, separates
nobody; one that flips between two runs of the same hand-in rests on chance or on a change. Inputs
are drawn per student, and question 1b is computed on a student's own vectors: two wrong answers
that agree in every digit were seldom found apart.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from autograder.course.audit.audit_finding import Kind, Look
from autograder.course.class_record import ClassRecord, Outcome
from autograder.engine.record import CheckResult, Verdict

FEWEST = 5  # hand-ins; of fewer, all or none tells nothing
FEWEST_DIGITS = 8  # a shorter answer, such as "0" or "None", agrees by itself
MOST_SHOWN = 40
_OPEN = frozenset(
    {Verdict.AWAITING_MARKING, Verdict.GRADER_FAULT, Verdict.BLOCKED, Verdict.MISSING}
)


def all_or_nobody(record: ClassRecord) -> Iterator[Look]:
    """Checks that each of those who tried got right, or none did."""
    results: dict[str, list[CheckResult]] = defaultdict(list)
    for outcome in record.outcomes:
        for check in outcome.report.automatic if outcome.report else ():
            if check.verdict not in _OPEN:
                results[check.id].append(check)
    for id, found in results.items():
        if len(found) < FEWEST:
            continue
        if all(check.points == check.max_points for check in found):
            yield Look(
                Kind.EVERYBODY,
                f"{id}: all {len(found)} hand-ins that reached it have every point.",
                "It may simply be easy, or shown by the public checks. A check that cannot be "
                "failed is a fault; python -m authoring verify shows what it catches.",
            )
        elif not any(check.points for check in found):
            yield Look(
                Kind.NOBODY,
                f"{id}: none of {len(found)} hand-ins that reached it has a point.",
                "The handout may not say what is asked, or the check may be wrong. Look at three "
                f"answers with --replay {id} before marks are published.",
            )


def flips(record: ClassRecord, previous: ClassRecord) -> Iterator[Look]:
    """Checks whose verdict or points differ although the same work was handed in."""
    before = {_work(outcome): outcome for outcome in previous.outcomes if outcome.report}
    changed: dict[str, dict[str, str]] = defaultdict(dict)
    for outcome in record.outcomes:
        old = before.get(_work(outcome))
        if old is None or old.report is None or outcome.report is None:
            continue
        earlier = {check.id: check for check in old.report.checks}
        for check in outcome.report.checks:
            was = earlier.get(check.id)
            if was and (was.verdict, was.points) != (check.verdict, check.points):
                changed[check.id][outcome.handin.student] = (
                    f"{outcome.handin.student}: {was.verdict} {was.points:g}, now "
                    f"{check.verdict} {check.points:g} of {check.max_points:g}"
                )
    for id, lines in changed.items():
        yield Look(
            Kind.FLIPS,
            f"{id}: {len(lines)} of {len(record.outcomes)} hand-ins changed since the last run.",
            "A correction of the grader, the rubric or the secret explains a change. Without one, "
            "the code depends on chance or on time, or the machine was overloaded.",
            tuple(lines),
            details=tuple(list(lines.values())[:MOST_SHOWN]),
        )


def same_wrong_answers(record: ClassRecord) -> Iterator[Look]:
    """Groups of hand-ins that lost points with equal answers, those with most answers first."""
    answers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for outcome in record.outcomes:
        for check in outcome.report.checks if outcome.report else ():
            if (got := _telling(check)) is not None:
                answers[check.id, got].append(outcome.handin.student)
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
    for (id, got), students in answers.items():
        if len(students) > 1:
            groups[tuple(sorted(students))].append((id, got))
    for group in sorted(groups, key=lambda names: (-len(groups[names]), names)):
        yield _same(group, groups[group])


def _same(students: Sequence[str], shared: Sequence[tuple[str, str]]) -> Look:
    checks = ", ".join(id for id, _ in shared)
    return Look(
        Kind.SAME_WRONG,
        f"{len(students)} hand-ins have equal wrong answers in {len(shared)} "
        f"{'check' if len(shared) == 1 else 'checks'}: {checks}.",
        "Inputs are drawn per student, and the vectors of 1b are each student's own, so that "
        "answers found apart differ in their digits. Work on one table in a group, or a constant "
        "that does not depend on the input, is an honest reason.",
        tuple(students),
        details=tuple(f"{id}: {got}" for id, got in shared[:MOST_SHOWN]),
    )


def _telling(check: CheckResult) -> str | None:
    """The wrong answer of a check, if there is one with digits enough to tell people apart."""
    got = check.evidence.get("got")
    decided = check.verdict in (Verdict.WRONG, Verdict.PARTIAL)
    if not decided or check.misconception or not isinstance(got, str):
        return None
    return got if sum(letter.isdigit() for letter in got) >= FEWEST_DIGITS else None


def _work(outcome: Outcome) -> tuple[str, str, int]:
    """What tells that two runs saw the same hand-in."""
    return outcome.handin.student, outcome.handin.submitted, outcome.handin.attempt


def by_kind(looks: Sequence[Look]) -> Mapping[Kind, tuple[Look, ...]]:
    """The looks of each kind there is, in the order of the kinds."""
    return {
        kind: found for kind in Kind if (found := tuple(one for one in looks if one.kind is kind))
    }
