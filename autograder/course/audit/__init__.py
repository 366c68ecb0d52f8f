"""Where staff should look: at checks that tell nothing, and at work that resembles other work.

`audit` gathers what `checks`, `solutions` and `models` find. Nothing here is a verdict: each `Look`
says what was seen, how such a thing can come about honestly, and leaves the rest to a person. It
changes no mark and is shown to staff alone.
"""

import functools
from typing import TYPE_CHECKING

from autograder.course.audit import checks
from autograder.course.audit.audit_finding import Audit, Look
from autograder.course.audit.changes import Changes
from autograder.course.audit.models import TrainedModels
from autograder.course.class_record import ClassRecord
from autograder.engine.executor import Executor
from autograder.intake.submission import Submission

if TYPE_CHECKING:
    from autograder.course.audit.solutions import Sources

__all__ = ["Audit", "Look", "Works", "audit"]


class Works:
    """The submissions of a class, taken in one by one and compared when all are there.

    A saved model is a stranger's file, so that `executor` opens it behind the wall; without one,
    models are left out. Raises what `executor` does where it can't be had.
    """

    def __init__(self, dataset: str, executor: Executor | None = None) -> None:
        self._taken: set[str] = set()
        self._notes: list[str] = []
        self._models: TrainedModels | None = None
        if executor is None:
            self._notes.append("Saved models were not compared: they were not marked.")
        else:
            self._models = TrainedModels(dataset, executor)

    def take(self, submission: Submission, noted: Changes | None = None) -> None:
        """Take one in; a second of the same student's changes nothing.

        `noted` are the changes of those of its models that were read while it was marked.
        """
        if submission.student in self._taken:
            return
        self._taken.add(submission.student)
        if self._sources is not None:
            self._sources.add(submission)
        if self._models is not None:
            self._models.add(submission, noted)

    def compared(self) -> Audit:
        """What is worth a look in all that were taken in."""
        found = [one.compare() for one in (self._sources, self._models) if one is not None]
        return Audit(
            tuple(look for one in found for look in one.looks),
            (*self._notes, *(note for one in found for note in one.notes)),
        )

    @functools.cached_property
    def _sources(self) -> "Sources | None":
        # Half a second to import: with the first submission, not before the first is marked.
        try:
            from autograder.course.audit.solutions import Sources
        except ModuleNotFoundError as missing:
            self._notes.append(
                f"solution.py was not compared: {missing.name} is missing, "
                "pip install -e '.[audit]'."
            )
            return None
        return Sources()


def audit(record: ClassRecord, previous: ClassRecord | None, works: Works | None) -> Audit:
    """Everything worth a look in a class; without `works` only what the record itself tells."""
    looks: list[Look] = [*checks.all_or_nobody(record), *checks.same_wrong_answers(record)]
    if previous is not None:
        looks += checks.flips(record, previous)
    if works is None:
        note = "solution.py and saved models were not compared: they were not at hand."
        return Audit(tuple(looks), (note,))
    found = works.compared()
    return Audit((*looks, *found.looks), found.notes)
