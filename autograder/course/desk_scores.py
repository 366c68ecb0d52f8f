"""Turn the readings at the grading desk into manual scores, as `--manual` reads them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from autograder.course.class_record import ClassRecord
from autograder.course.manual_scores import ManualScore, ManualScores, merge_manual_scores
from autograder.course.readings import AnswerReadings, Reading, counting_readings, current_readings

_MOST_NAMED = 10  # answers in the notes of a run


@dataclass(frozen=True)
class DeskScores:
    """Hold manual scores, and what staff should know about readings.

    Attributes:
        scores: the manual scores, by (student, check).
        undecided: sentences on answers without a score: two first readings differ, or the student
            submitted again.
        notes: other sentences for staff.
    """

    scores: ManualScores
    undecided: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def class_manual_scores(
    tables: ManualScores, readings: Iterable[Reading], record: ClassRecord
) -> DeskScores:
    """Return the manual scores of tables and of the desk. Raise `PolicyError` if two differ."""
    documents = {outcome.entry.student: outcome.documents for outcome in record.outcomes}
    desk = desk_scores(readings, documents)
    return replace(desk, scores=merge_manual_scores(tables, desk.scores))


def desk_scores(readings: Iterable[Reading], documents: Mapping[str, str]) -> DeskScores:
    """Return the scores that readings decide; `documents` has a digest for each student.

    Readings of another submission of a student decide nothing.
    """
    readings = tuple(readings)
    current = counting_readings(current_readings(readings, documents))
    scores: dict[tuple[str, str], ManualScore] = {}
    undecided, outdated, differing, strangers = [], [], [], set()
    for (student, check), earlier in sorted(counting_readings(readings).items()):
        if student not in documents:
            strangers.add(student)
            continue
        answer = current.get((student, check), AnswerReadings())
        if not (answer.first or answer.agreed):
            if earlier.first or earlier.agreed:
                outdated.append(f"{student}, {check}")
            continue
        deciding = answer.deciding
        if deciding is None:
            undecided.append(f"{student}, {check}: {_points(answer.differing)}")
        else:
            assert deciding.points is not None
            scores[student, check] = ManualScore(deciding.points, deciding.comment, deciding.source)
            if answer.differing:
                differing.append(f"{student}, {check}: {_points(answer.differing)}")
    notes = []
    if differing:
        notes.append(
            f"Two readings at the desk differ, and the first one counts: {_shown(differing)}. "
            "Agree on points at the desk."
        )
    if strangers:
        notes.append(
            f"The desk has scores of {len(strangers)} students that the class no longer contains. "
            "They are not used."
        )
    sentences = []
    if undecided:
        sentences.append(
            f"Two first readings at the desk differ, so neither counts: {_shown(undecided)}. "
            "Agree on points at the desk."
        )
    if outdated:
        sentences.append(
            "Documents were submitted again after they were read at the desk, so they have no "
            f"score: {_shown(outdated)}. Read these answers again at the desk."
        )
    return DeskScores(scores, tuple(sentences), tuple(notes))


def _points(readings: Iterable[Reading]) -> str:
    return " and ".join(f"{reading.points:g} ({reading.grader})" for reading in readings)


def _shown(places: list[str]) -> str:
    more = len(places) - _MOST_NAMED
    return "; ".join(places[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
