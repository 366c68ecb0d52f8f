"""Choose whose viva sheets are written, and in which order.

Students in the audit's findings on similar work come first, then the others; of these, `sample`
may choose some at random.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.course.audit.audit_finding import Audit, Kind
from autograder.course.class_folder import refuse_unsafe_id
from autograder.course.class_record import ClassRecord, Outcome
from autograder.engine.secret import StudentRandom
from autograder.errors import AutograderError

SIMILAR = (Kind.PAST, Kind.SOLUTION, Kind.MODEL, Kind.SAME_WRONG)


class UnknownStudent(AutograderError):
    """The class has no submission of a student; the message names the id."""


@dataclass(frozen=True)
class Selected:
    """Hold a student, the outcome of their submission, and why the audit lists them, or ""."""

    student: str
    outcome: Outcome
    listed: str = ""


def select_students(
    record: ClassRecord,
    audit: Audit,
    secret: bytes,
    sample: int | None = None,
    seed: int = 0,
    students: Sequence[str] = (),
) -> list[Selected]:
    """Return the students, those on the audit's list first.

    Args:
        record: The class.
        audit: The findings.
        secret: The course secret, which decides the sample together with `seed`.
        sample: The most students to return, None for all.
        seed: Of the sample.
        students: Return exactly these.

    Raises:
        UnknownStudent: One of `students` has no submission.
        UnsafeId: One of `students` is not an id.
    """
    by_student = {
        member: outcome
        for outcome in record.outcomes
        for member in outcome.entry.members or (outcome.entry.student,)
    }
    listed = _listed(audit)
    everyone = {
        student: Selected(student, outcome, listed.get(outcome.entry.student, ""))
        for student, outcome in sorted(by_student.items())
    }
    if students:
        for student in students:
            refuse_unsafe_id(student)
        if unknown := [student for student in students if student not in everyone]:
            raise UnknownStudent(
                f"The class has no submission of {', '.join(unknown)}. Give ids as in final.csv."
            )
        return [everyone[student] for student in dict.fromkeys(students)]
    order = list(listed)  # the order of the findings
    first = sorted(
        (selected for selected in everyone.values() if selected.listed),
        key=lambda selected: order.index(selected.outcome.entry.student),
    )
    others = [selected for selected in everyone.values() if not selected.listed]
    if sample is None:
        return [*first, *others]
    rng = StudentRandom(secret, "").generator(f"viva sample {seed}")
    shuffled = [others[int(place)] for place in rng.permutation(len(others))]
    return [*first, *shuffled][:sample]


def _listed(audit: Audit) -> Mapping[str, str]:
    """Return {submission: what the audit found}, in the order of the findings."""
    listed: dict[str, list[str]] = {}
    for finding in audit.findings:
        for student in finding.who if finding.kind in SIMILAR else ():
            listed.setdefault(student, []).append(finding.kind.value)
    return {student: ", ".join(dict.fromkeys(kinds)) for student, kinds in listed.items()}
