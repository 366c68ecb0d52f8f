"""The journal of a class: one row per finished check, so a crash loses at most a running check.

It is an SQLite file with a write-ahead log: a row is complete or absent, even if the writing
process is killed. The workers of this machine write their own rows, each with its own `Journal` on
the same file. Each row has the digest of its submission and the fingerprint of everything else that
decides it. A row with another digest or fingerprint is never used.

The column `decides` is the fingerprint. The names of tables and columns stay as they are, so that
journals of earlier versions can be read.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from autograder.course.readings import Kind, Reading
from autograder.engine.record import GradedCheck, Verdict
from autograder.errors import AutograderError

VERSION = 1
SLIPS, SECRET = SETTINGS = ("slips", "secret")  # rows of `applied` beside those of the checks
_BUSY_SECONDS = 60.0  # a worker waits for the others' rows, milliseconds each

# Not SQLite, broken inside, or without our tables.
_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)

_SCHEMA = """
CREATE TABLE marks (
    student TEXT NOT NULL,
    content TEXT NOT NULL,   -- digest of the submission
    name TEXT NOT NULL,      -- of the check
    decides TEXT NOT NULL,   -- fingerprint of all else that decides the result
    verdict TEXT NOT NULL,
    marked TEXT NOT NULL,    -- JSON of `Marked`
    seconds REAL NOT NULL,   -- that the check took
    used REAL NOT NULL,      -- processor seconds of the solution's, this check included
    isolation TEXT NOT NULL,
    fault TEXT NOT NULL,     -- the grader's traceback, or ""
    PRIMARY KEY (student, content, name, decides)
) WITHOUT ROWID;
CREATE TABLE applied (name TEXT PRIMARY KEY, decides TEXT NOT NULL) WITHOUT ROWID;
"""

_APPEALS = """
CREATE TABLE IF NOT EXISTS appeals (
    student TEXT NOT NULL,
    content TEXT NOT NULL,   -- digest of the submission
    at TEXT NOT NULL,        -- when it was accepted, ISO 8601
    who TEXT NOT NULL,
    why TEXT NOT NULL
)
"""


_READINGS = """
CREATE TABLE IF NOT EXISTS readings (
    number INTEGER PRIMARY KEY,
    student TEXT NOT NULL,
    name TEXT NOT NULL,      -- of the check
    kind TEXT NOT NULL,      -- "first", "second" or "agreed"
    saved INTEGER NOT NULL,  -- 0: a draft
    criteria TEXT NOT NULL,  -- JSON: their numbers
    points REAL,             -- NULL: a draft without points
    comment TEXT NOT NULL,
    grader TEXT NOT NULL,
    at TEXT NOT NULL,        -- ISO 8601
    answer TEXT NOT NULL,    -- digest of the text that was read
    submission TEXT NOT NULL DEFAULT ''  -- digest of the documents, '' if unknown
)
"""
_LATER_COLUMN = "ALTER TABLE readings ADD COLUMN submission TEXT NOT NULL DEFAULT ''"


class JournalError(AutograderError):
    """The journal can't be read or written; the message says where, why and what to do."""


@dataclass(frozen=True)
class Row:
    """Holds the result of one check of one submission.

    `content` is the digest of the submission, `fingerprint` that of all else that decides the
    result. `seconds` is the time of the check, `used` the processor time of the solution in all
    checks up to this one. `fault` is the traceback if the grader failed.
    """

    student: str
    content: str
    fingerprint: str
    graded: GradedCheck
    seconds: float
    used: float
    isolation: str
    fault: str = ""

    @property
    def check(self) -> str:
        """Return the id of the check."""
        return self.graded.result.id

    @property
    def finished(self) -> bool:
        """Return whether the result is final; a grader fault is tried again."""
        return self.graded.result.verdict is not Verdict.GRADER_FAULT


class Journal(AbstractContextManager["Journal"]):
    """Reads and writes the journal at a path. One thread may use it."""

    def __init__(self, path: Path) -> None:
        """Open the journal, and create it if absent. Raise `JournalError`."""
        self.path = path
        with self._in_words():
            self._database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                self._refuse_another()
                # Without shared memory SQLite keeps its rollback journal, which is as safe.
                self._database.execute("PRAGMA journal_mode = WAL").fetchone()
                # Survives killed processes; for power cuts see `settle`.
                self._database.execute("PRAGMA synchronous = NORMAL")
                self._make()
            except BaseException:
                self._database.close()
                raise

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows. They survive a kill of the process once this returns."""
        with self._in_words(), self._transaction():
            self._database.executemany(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        row.student,
                        row.content,
                        row.check,
                        row.fingerprint,
                        row.graded.result.verdict.value,
                        json.dumps(asdict(row.graded), ensure_ascii=False, allow_nan=False),
                        row.seconds,
                        row.used,
                        row.isolation,
                        row.fault,
                    )
                    for row in rows
                ],
            )

    def settle(self) -> None:
        """Write the rows to the disk itself, against a power cut.

        It takes as long as a check, so it is not done after every check.
        """
        with self._in_words():
            self._database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def rows(self, student: str, content: str, by_check: Mapping[str, str]) -> dict[str, Row]:
        """Return {check: row} of a submission, for the fingerprints {check: fingerprint}."""
        with self._in_words():
            records = self._database.execute(
                "SELECT name, decides, marked, seconds, used, isolation, fault FROM marks "
                "WHERE student = ? AND content = ?",
                (student, content),
            ).fetchall()
        rows = {}
        for name, digest, result, seconds, used, isolation, fault in records:
            if by_check.get(name) == digest:
                rows[name] = Row(
                    student, content, digest, _graded_check(result), seconds, used, isolation, fault
                )
        return rows

    def students(self) -> frozenset[str]:
        """Return the students with at least one row."""
        with self._in_words():
            records = self._database.execute("SELECT DISTINCT student FROM marks").fetchall()
        return frozenset(student for (student,) in records)

    def count(self, student: str) -> int:
        """Return how many rows a student has, those of the grading desk included."""
        with self._in_words():
            query = (
                "SELECT (SELECT count(*) FROM marks WHERE student = ?) + "
                "(SELECT count(*) FROM readings WHERE student = ?)"
            )
            (count,) = self._database.execute(query, (student, student)).fetchone()
        return int(count)

    def accept(self, rows: Iterable[Row], at: str, who: str, why: str) -> None:
        """Write the rows of an appeal, and who accepted them when and why."""
        rows = tuple(rows)
        self.add(rows)
        accepted = sorted({(row.student, row.content, at, who, why) for row in rows})
        with self._in_words(), self._transaction():
            self._database.executemany("INSERT INTO appeals VALUES (?, ?, ?, ?, ?)", accepted)

    def add_reading(self, reading: Reading) -> None:
        """Write a click at the grading desk. It survives a kill of the process."""
        values = (
            *(reading.student, reading.check, reading.kind.value, int(reading.saved)),
            *(json.dumps(reading.criteria), reading.points, reading.comment),
            *(reading.grader, reading.at, reading.answer, reading.submission),
        )
        with self._in_words(), self._transaction():
            self._database.execute(
                "INSERT INTO readings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
            )

    def readings(self) -> tuple[Reading, ...]:
        """Return all clicks at the grading desk, in order."""
        with self._in_words():
            records = self._database.execute(
                "SELECT student, name, kind, saved, criteria, points, comment, grader, at, answer, "
                "submission FROM readings ORDER BY number"
            ).fetchall()
        return tuple(
            Reading(student, name, Kind(kind), bool(saved), tuple(json.loads(criteria)), *rest)
            for student, name, kind, saved, criteria, *rest in records
        )

    def forget(self, student: str) -> None:
        """Remove all rows of a student, and their bytes from the file."""
        with self._in_words():
            self._database.execute("PRAGMA secure_delete = ON").fetchone()
            with self._transaction():
                self._database.execute("DELETE FROM marks WHERE student = ?", (student,))
                self._database.execute("DELETE FROM appeals WHERE student = ?", (student,))
                self._database.execute("DELETE FROM readings WHERE student = ?", (student,))
            self._database.execute("VACUUM")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def applied(self) -> dict[str, str]:
        """Return {check: fingerprint} of the results in the folder of the class."""
        return {name: value for name, value in self._applied().items() if name not in SETTINGS}

    def applied_settings(self) -> dict[str, str]:
        """Return what else these results were made with, by the names of `SETTINGS`."""
        return {name: value for name, value in self._applied().items() if name in SETTINGS}

    def apply(self, by_check: Mapping[str, str], settings: Mapping[str, str]) -> None:
        """Record that the folder now contains results with these fingerprints and settings."""
        with self._in_words(), self._transaction():
            self._database.executemany(
                "INSERT OR REPLACE INTO applied VALUES (?, ?)",
                sorted({**by_check, **settings}.items()),
            )

    def _applied(self) -> dict[str, str]:
        with self._in_words():
            return dict(self._database.execute("SELECT name, decides FROM applied").fetchall())

    def _refuse_another(self) -> None:
        self._database.execute("BEGIN")  # read both at once: another process may be creating it
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._database.execute("COMMIT")
        if version != VERSION and (version or tables):
            raise JournalError(
                f"{self.path} is a journal of another version of the kit. Choose another folder "
                "with --out, or continue with the version that began it."
            )

    def _is_complete(self) -> bool:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        tables = self._database.execute("SELECT name FROM sqlite_master").fetchall()
        return version == VERSION and ("appeals",) in tables and self._has_all_columns()

    def _has_all_columns(self) -> bool:
        columns = self._database.execute("PRAGMA table_info(readings)").fetchall()
        return "submission" in {name for _, name, *_ in columns}

    def _make(self) -> None:
        if self._is_complete():  # reading waits for no writer
            return
        with self._transaction():  # two processes may open a new journal at once
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                for statement in _SCHEMA.split(";"):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {VERSION}")
            self._database.execute(_APPEALS)
            self._database.execute(_READINGS)
            if not self._has_all_columns():
                self._database.execute(_LATER_COLUMN)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except GeneratorExit:  # Ctrl-C: closing the file rolls back
            raise
        except BaseException:
            if self._database.in_transaction:  # SQLite ends some itself, on a full disk
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Raise `JournalError` for the errors of SQLite."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise JournalError(_sentence(self.path, error)) from error


def damage_sentence(path: Path, reason: str) -> str:
    """Say that a journal is damaged, what to do, and what is lost."""
    return (
        f"The journal {path} can't be used, because it is damaged: {reason}. Replace it by a "
        f"backup. Without one, move {path.name} and the files {path.name}-* beside it away and "
        "run batch again: everything is graded again. Accepted appeals and scores from the desk "
        "are lost."
    )


def _sentence(path: Path, error: sqlite3.DatabaseError) -> str:
    """Say why a journal can't be used, what to do, and what that costs."""
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # without its details
    if kind in _DAMAGED:
        return damage_sentence(path, str(error))
    advice = {
        sqlite3.SQLITE_FULL: "Free some space on its disk",
        sqlite3.SQLITE_READONLY: "Make its folder and the file writable",
        sqlite3.SQLITE_CANTOPEN: "Make its folder and the file readable and writable",
        sqlite3.SQLITE_BUSY: "Another program holds it: end that program",
    }.get(kind, "Free some space or make the folder writable")
    return (
        f"The journal {path} can't be used: {error}. {advice}, then run the same command again. "
        "What is graded stays in the journal."
    )


def _graded_check(text: str) -> GradedCheck:
    return msgspec.json.decode(text, type=GradedCheck)
