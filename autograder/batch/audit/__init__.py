"""Where staff should look: at checks that tell nothing, and at work that resembles other work.

`audit` gathers what `checks`, `solutions` and `models` find. Nothing here is a verdict: each `Look`
says what was seen, how such a thing can come about honestly, and leaves the rest to a person. It
changes no mark and is shown to staff alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from autograder.batch.audit import checks
from autograder.batch.audit.look import Audit, Comparison, Look
from autograder.batch.audit.models import TrainedModels
from autograder.batch.record import ClassRecord
from autograder.player import Player
from autograder.submission import Submission

__all__ = ["Audit", "Look", "Works", "audit"]


@dataclass(frozen=True)
class Works:
    """The submissions of a class, read again one after the other, and what opens their models.

    A saved model is a stranger's file, so that `player` opens it behind the wall; without one,
    models are left out.
    """

    submissions: Callable[[], Iterable[Submission]]
    player: Player | None = None


def audit(record: ClassRecord, previous: ClassRecord | None, works: Works | None) -> Audit:
    """Everything worth a look in a class; without `works` only what the record itself tells."""
    looks: list[Look] = [*checks.all_or_nobody(record), *checks.same_wrong_answers(record)]
    notes: list[str] = []
    if previous is not None:
        looks += checks.flips(record, previous)
    if works is None:
        notes.append("solution.py and saved models were not compared: they were not at hand.")
        return Audit(tuple(looks), tuple(notes))
    try:
        from autograder.batch.audit.solutions import Sources
    except ModuleNotFoundError as missing:
        notes.append(
            f"solution.py was not compared: {missing.name} is missing, pip install -e '.[audit]'."
        )
        comparisons: list[Comparison] = []
    else:
        comparisons = [Sources()]
    if works.player is None:
        notes.append("Saved models were not compared: they were not marked.")
    else:
        comparisons.append(TrainedModels(record.dataset, works.player))
    for submission in works.submissions():
        for comparison in comparisons:
            comparison.add(submission)
    for comparison in comparisons:
        found = comparison.compare()
        looks += found.looks
        notes += found.notes
    return Audit(tuple(looks), tuple(notes))
