"""The class at the desk: its questions, its answers in blind order, and their readings.

Every change is one row in the journal of the class. The lock of the class is held only while a row
is written, so that several desks and a later `batch` can use one folder.
"""

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.course.class_folder import DATABASE, JOURNAL, open_class
from autograder.course.journal import Journal
from autograder.course.lock import AlreadyRunning
from autograder.course.published_class import PublishedClass, WrittenCheck
from autograder.course.readings import (
    AnswerReadings,
    Kind,
    Reading,
    ReadingsByAnswer,
    counting_readings,
    current_readings,
)
from autograder.desk.agreement import Agreement, measure_agreement
from autograder.desk.answers import Answer, Question
from autograder.desk.blind import Share, sample, shuffle
from autograder.desk.notebook_answers import released_prompts
from autograder.desk.reader import AnswerReader
from autograder.engine.record import Verdict
from autograder.engine.rubric import load_rubric
from autograder.platforms.nbgrader_course.criteria import load_sheets

LONGEST_COMMENT = 4000  # characters
_MOST_COMMENTS = 30  # in the comment bank of a question
_NONE = AnswerReadings()
_LOCK_TRIES, _LOCK_SECONDS = 20, 0.05  # another desk writes for milliseconds


class RefusedReading(ValueError):
    """A reading can't be saved; the message says why and what to do."""


@dataclass(frozen=True)
class DeskOptions:
    """Hold how answers are shown: to whom, which part, in which order, how many twice."""

    grader: str
    share: Share
    seed: int = 0
    second_percent: float = 10.0


@dataclass(frozen=True)
class Work:
    """Hold one answer to read: its blind number from 1, its student, its reading so far.

    `draft` is this grader's last click, saved or not. `readings` are those that count.
    """

    number: int
    student: str
    readings: AnswerReadings = _NONE
    draft: Reading | None = None


@dataclass(frozen=True)
class Progress:
    """Hold the progress of a question: answers of this grader's part, and of the whole class."""

    question: Question
    total: int
    read: int
    without: int
    second_total: int
    second_read: int
    differing: int
    agreement: Agreement
    mean: float | None


class ClassDesk:
    """Answers what the pages ask, and writes readings. Several threads may use it."""

    def __init__(
        self, out: Path, published: PublishedClass, reader: AnswerReader, options: DeskOptions
    ) -> None:
        """Prepare the questions of a class in the folder `out`; no submission is read yet.

        Raises:
            BadSheets, RubricError: the criteria or the rubric are wrong.
        """
        self.options = options
        self.title = published.title
        self._out = out
        self._questions, self._orders, self._without = _questions(published, options.seed)
        self._documents = {outcome.student: outcome.documents for outcome in published.outcomes}
        self._samples = {
            id: sample(order, id, options.second_percent) for id, order in self._orders.items()
        }
        self._reader = reader
        self._write_lock = threading.Lock()
        self._readings = self._stored()

    @property
    def questions(self) -> Mapping[str, Question]:
        """Return the questions by id, in the order of the assignment."""
        return self._questions

    def answer(self, question: str, student: str) -> Answer:
        """Return a student's answer, without their names."""
        return self._reader.answer(student, question)

    def refresh(self) -> None:
        """Read the rows of other desks from the journal. Raise `JournalError`."""
        self._readings = self._stored()

    def works(self, question: str, kind: Kind) -> tuple[Work, ...]:
        """Return the answers that this grader reads, in blind order."""
        check = self._questions[question].check
        counting, drafts = self._counting(), self._drafts(check, kind)
        whole = [
            Work(number, student, counting.get((student, check), _NONE), drafts.get(student))
            for number, student in enumerate(self._orders[question], 1)
        ]
        return tuple(work for work in whole if self._is_offered(work, question, kind))

    def is_read(self, work: Work, kind: Kind) -> bool:
        """Return whether nothing is left to do on an answer for this grader.

        Readings of an earlier submission do not count.
        """
        if kind is Kind.FIRST:
            return bool(work.readings.first or work.readings.agreed)
        if kind is Kind.SECOND:
            return any(r.grader == self.options.grader for r in work.readings.second)
        return not work.readings.differing

    def is_current(self, reading: Reading) -> bool:
        """Return whether a reading is of the submission that is graded now."""
        return reading.is_of(self._documents[reading.student])

    def progress(self) -> Iterator[Progress]:
        """Yield the progress of each question."""
        counting = self._counting()
        for id, question in self._questions.items():
            first, second = self.works(id, Kind.FIRST), self.works(id, Kind.SECOND)
            whole = [counting.get((s, question.check), _NONE) for s in self._orders[id]]
            points = [
                a.deciding.points for a in whole if a.deciding and a.deciding.points is not None
            ]
            yield Progress(
                question=question,
                total=len(first),
                read=sum(self.is_read(work, Kind.FIRST) for work in first),
                without=self._without[id],
                second_total=len(second),
                second_read=sum(self.is_read(work, Kind.SECOND) for work in second),
                differing=sum(bool(answer.differing) for answer in whole),
                agreement=measure_agreement(whole, len(question.criteria)),
                mean=sum(points) / len(points) if points else None,
            )

    def comments(self, question: str) -> tuple[str, ...]:
        """Return the comments that this question's answers have, the most used first."""
        check = self._questions[question].check
        counts: dict[str, int] = {}
        for (_, name), answer in counting_readings(self._readings).items():
            for reading in (*answer.first, *answer.second, *answer.agreed) * (name == check):
                if reading.comment:
                    counts[reading.comment] = counts.get(reading.comment, 0) + 1
        ranked = sorted(counts, key=lambda comment: (-counts[comment], comment))
        return tuple(ranked[:_MOST_COMMENTS])

    def save(
        self,
        question: str,
        kind: Kind,
        work: Work,
        criteria: Sequence[int],
        points: float | None,
        comment: str,
        saved: bool,
        digest: str,
    ) -> None:
        """Write one click into the journal.

        Raises:
            RefusedReading: a value is impossible, or the answer is not this grader's to read.
            AlreadyRunning: a `batch` uses the class.
            JournalError: the journal can't be written.
        """
        asked = self._questions[question]
        if not set(criteria) <= set(range(len(asked.criteria))):
            raise RefusedReading(f"Question {question} has no such criterion.")
        if saved and points is None:
            raise RefusedReading("Choose criteria or enter points first. Enter 0 for no points.")
        if points is not None and not (math.isfinite(points) and 0 <= points <= asked.points):
            raise RefusedReading(f"Expected points from 0 to {asked.points:g}, got {points:g}.")
        if len(comment) > LONGEST_COMMENT:
            raise RefusedReading(f"A comment has at most {LONGEST_COMMENT:,} characters.")
        reading = Reading(
            student=work.student,
            check=asked.check,
            kind=kind,
            saved=saved,
            criteria=tuple(sorted(set(criteria))),
            points=points,
            comment=" ".join(comment.split()),
            grader=self.options.grader,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            answer=digest,
            submission=self._documents[work.student],
        )
        with self._write_lock:
            self._write(reading)

    def _write(self, reading: Reading) -> None:
        for attempt in range(_LOCK_TRIES):
            try:
                with open_class(self._out) as journal:
                    others = [
                        r.grader
                        for r in self._counting(journal.readings())
                        .get((reading.student, reading.check), _NONE)
                        .first
                        if r.grader != reading.grader
                    ]
                    if others and reading.kind is Kind.FIRST:
                        raise RefusedReading(
                            f"{others[0]} has read this answer meanwhile. Continue with the next."
                        )
                    journal.add_reading(reading)
                    self._readings = journal.readings()
                    return
            except AlreadyRunning:
                if attempt == _LOCK_TRIES - 1:
                    raise
                threading.Event().wait(_LOCK_SECONDS)

    def _counting(self, readings: Sequence[Reading] | None = None) -> ReadingsByAnswer:
        """Return what counts of these readings, of the stored ones if None."""
        stored = self._readings if readings is None else readings
        return counting_readings(current_readings(stored, self._documents))

    def _stored(self) -> tuple[Reading, ...]:
        with Journal(self._out / JOURNAL / DATABASE) as journal:
            return journal.readings()

    def _drafts(self, check: str, kind: Kind) -> Mapping[str, Reading]:
        """Return this grader's last click on each answer, saved or not."""
        return {
            reading.student: reading
            for reading in self._readings
            if (reading.check, reading.kind, reading.grader) == (check, kind, self.options.grader)
        }

    def _is_offered(self, work: Work, question: str, kind: Kind) -> bool:
        if kind is Kind.FIRST:
            return self.options.share.contains(work.student)
        if kind is Kind.AGREED:
            return bool(work.readings.differing or work.readings.agreed)
        if work.student not in self._samples[question]:
            return False
        graders = {reading.grader for reading in work.readings.first}
        return bool(graders) and self.options.grader not in graders


def _questions(
    published: PublishedClass, seed: int
) -> tuple[Mapping[str, Question], Mapping[str, tuple[str, ...]], Mapping[str, int]]:
    """Return the questions, the students with an answer in blind order, and how many have none."""
    written: dict[str, dict[str, WrittenCheck]] = {}
    for submission in published.outcomes:
        for check in submission.report.checks if submission.report else ():
            if check.source == "person":
                written.setdefault(check.question, {})[submission.student] = check
    rubric = load_rubric()
    ids = {check.id for by_student in written.values() for check in by_student.values()}
    sheets, prompts = load_sheets(rubric, ids), released_prompts()
    questions, orders, without = {}, {}, {}
    for id, by_student in written.items():
        first = next(iter(by_student.values()))
        points = rubric.items[first.id].points
        questions[id] = Question(id, first.id, first.title, points, sheets[id], prompts.get(id, ""))
        answered = [s for s, check in by_student.items() if check.verdict != Verdict.MISSING]
        orders[id] = shuffle(answered, id, seed)
        without[id] = len(published.outcomes) - len(answered)
    return questions, orders, without
