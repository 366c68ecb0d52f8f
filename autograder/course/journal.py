"""The journal of a class: one row per finished check, so that a crash costs the check in flight.

SQLite keeps it, with a write-ahead log: a row is either there or not, whenever the process that
writes is killed. The workers of this machine write their rows themselves, each through a journal of
its own on the same file. A row is found again only under digests of everything that decides it, so
that a stale one is never taken for a mark.

`JournalError` is raised, with a sentence for whoever typed the command, where the journal can't be
read or written: a full disk, a folder that may not be written, a file of another version. What was
journaled before stays whole.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from autograder.engine.record import GradedCheck, Verdict, check_from, model_from

VERSION = 1
_BUSY_SECONDS = 60.0  # a worker waits for the others' rows; each takes milliseconds

_SCHEMA = """
CREATE TABLE marks (
    student TEXT NOT NULL,
    content TEXT NOT NULL,   -- digest of the submission
    name TEXT NOT NULL,      -- of the check
    decides TEXT NOT NULL,   -- digest of all else that decides the mark
    verdict TEXT NOT NULL,
    marked TEXT NOT NULL,    -- JSON of `GradedCheck`
    seconds REAL NOT NULL,   -- that the check took
    used REAL NOT NULL,      -- processor seconds of the solution's, this check included
    isolation TEXT NOT NULL,
    fault TEXT NOT NULL,     -- the grader's traceback, or ""
    PRIMARY KEY (student, content, name, decides)
) WITHOUT ROWID;
CREATE TABLE applied (name TEXT PRIMARY KEY, decides TEXT NOT NULL) WITHOUT ROWID;
"""


class JournalError(Exception):
    """The journal can't be used; the message says where, why and what to do."""


@dataclass(frozen=True)
class Row:
    """What came of one check of one submission.

    `content` and `decides` are digests, of the submission and of all else that decides the mark.
    `seconds` is the time the check took, `used` the processor time of the solution's in all checks
    up to this one, `fault` the traceback where the grader failed.
    """

    student: str
    content: str
    decides: str
    marked: GradedCheck
    seconds: float
    used: float
    isolation: str
    fault: str = ""

    @property
    def check(self) -> str:
        return self.marked.result.id

    @property
    def finished(self) -> bool:
        """Whether it stands; a fault of the grader's is tried again."""
        return self.marked.result.verdict is not Verdict.GRADER_FAULT


class Journal:
    """The journal at `path`, made if absent. Belongs to one thread. Raises `JournalError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            self._database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                self._refuse_another()
                # Where a file system has no shared memory SQLite stays with its older manner,
                # which is as safe.
                self._database.execute("PRAGMA journal_mode = WAL").fetchone()
                # Safe against the death of every process; of the machine, see `settle`.
                self._database.execute("PRAGMA synchronous = NORMAL")
                self._make()
            except BaseException:
                self._database.close()
                raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; rows that were added are in it."""
        self._database.close()

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows; each is there for good when this returns, even if the process is killed."""
        with self._told(), self._transaction():
            self._database.executemany(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        row.student,
                        row.content,
                        row.check,
                        row.decides,
                        row.marked.result.verdict.value,
                        json.dumps(asdict(row.marked), ensure_ascii=False, allow_nan=False),
                        row.seconds,
                        row.used,
                        row.isolation,
                        row.fault,
                    )
                    for row in rows
                ],
            )

    def settle(self) -> None:
        """Have the disk itself keep what was added, against a power cut.

        Not after every check, because it takes as long as the check.
        """
        with self._told():
            self._database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def rows(self, student: str, content: str, decides: Mapping[str, str]) -> dict[str, Row]:
        """The rows of a submission by check, of those checks under these digests."""
        with self._told():
            found = self._database.execute(
                "SELECT name, decides, marked, seconds, used, isolation, fault FROM marks "
                "WHERE student = ? AND content = ?",
                (student, content),
            ).fetchall()
        rows = {}
        for name, digest, marked, seconds, used, isolation, fault in found:
            if decides.get(name) == digest:
                one = _marked(marked)
                rows[name] = Row(student, content, digest, one, seconds, used, isolation, fault)
        return rows

    def students(self) -> frozenset[str]:
        """Everybody of whom there is a row."""
        with self._told():
            found = self._database.execute("SELECT DISTINCT student FROM marks").fetchall()
        return frozenset(student for (student,) in found)

    def applied(self) -> dict[str, str]:
        """`decides` of each check, as the marks were made that stand in the class's folder."""
        with self._told():
            return dict(self._database.execute("SELECT name, decides FROM applied").fetchall())

    def apply(self, decides: Mapping[str, str]) -> None:
        """Note that marks of these checks, made under these digests, now stand in the folder."""
        with self._told(), self._transaction():
            self._database.executemany(
                "INSERT OR REPLACE INTO applied VALUES (?, ?)", sorted(decides.items())
            )

    def _refuse_another(self) -> None:
        self._database.execute("BEGIN")  # both of one moment: another may just be making it
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._database.execute("COMMIT")
        if version != VERSION and (version or tables):
            raise JournalError(
                f"{self.path} is no journal of this kit's version: choose another folder with "
                "--out, or go on with the version that began it."
            )

    def _make(self) -> None:
        with self._transaction():  # two may open a new journal at once
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                for statement in _SCHEMA.split(";"):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except GeneratorExit:  # Ctrl-C came on the way in: the file is closed, which rolls back
            raise
        except BaseException:
            if self._database.in_transaction:  # SQLite itself ends some, of a full disk for one
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of SQLite's as sentences."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise JournalError(
                f"The journal {self.path} can't be used: {error}. Free some space, or make the "
                "folder writable; then the same command goes on, and what was marked before is "
                "whole."
            ) from error


def _marked(text: str) -> GradedCheck:
    record = json.loads(text)
    model = record["model"]
    return GradedCheck(
        result=check_from(record["result"]),
        model=model_from(model) if model else None,
        bonus=record["bonus"],
        flags=tuple(record["flags"]),
    )
