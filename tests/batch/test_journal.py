"""The journal: what was added is there whatever happens next; what can't be added is told."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course.class_folder import open_class
from autograder.course.journal import Journal, JournalError, Row
from autograder.course.lock import AlreadyRunning, hold_lock
from autograder.engine.record import CheckResult, GradedCheck, Misconception, ModelResult, Verdict

KIT = Path(__file__).resolve().parents[2]


def row(student: str = "ada", check: str = "1a.x", fingerprint: str = "d", **changes) -> Row:
    result = CheckResult(
        check, "1a", "Title", True, "call", Verdict.CORRECT, 2.0, 2.0, 2.0, evidence={"got": [1, 2]}
    )
    return replace(
        Row(student, "content", fingerprint, GradedCheck(result), 0.25, 1.5, "A: walls"), **changes
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "marks.sqlite"


def test_journal_returns_a_row_as_it_was_added(path):
    rich = row(
        graded=GradedCheck(
            CheckResult(
                "1a.x",
                "1a",
                "Title",
                False,
                "call",
                Verdict.WRONG,
                0.0,
                2.0,
                1.0,
                message="Not right \u202e.",
                misconception=Misconception("get_scale/std", "You take the deviation."),
                evidence={"histogram": {"edges": [0.1, 0.2]}},
            ),
            model=ModelResult("ResNet20_W8A8.pt", 8, 8, 91.25, 1000, 91.0, (89.3, 92.8)),
            bonus=2.5,
            flags=("Look here.",),
        ),
        fault="Traceback",
    )
    with Journal(path) as journal:
        journal.add([rich])
    with Journal(path) as journal:
        assert journal.rows("ada", "content", {"1a.x": "d"}) == {"1a.x": rich}


def test_journal_returns_rows_only_for_their_own_digests(path):
    with Journal(path) as journal:
        journal.add([row(), row(check="1a.y")])
        assert set(journal.rows("ada", "content", {"1a.x": "d", "1a.y": "other"})) == {"1a.x"}
        assert journal.rows("ada", "another", {"1a.x": "d"}) == {}
        assert journal.rows("bob", "content", {"1a.x": "d"}) == {}
        assert journal.students() == {"ada"}


def test_journal_keeps_the_latest_row_per_check_and_fingerprint(path):
    fault = GradedCheck(replace(row().graded.result, verdict=Verdict.GRADER_FAULT))
    with Journal(path) as journal:
        journal.add([row(graded=fault), row(fingerprint="before")])
        assert not journal.rows("ada", "content", {"1a.x": "d"})["1a.x"].finished
        journal.add([row()])
        assert journal.rows("ada", "content", {"1a.x": "d"})["1a.x"].finished
        assert journal.rows("ada", "content", {"1a.x": "before"})["1a.x"].fingerprint == "before"


def test_journal_remembers_the_applied_fingerprints(path):
    with Journal(path) as journal:
        assert journal.applied() == {}
        assert journal.applied_settings() == {}
        journal.apply({"1a.x": "d", "1a.y": "e"}, {"slips": "earlier"})
        journal.apply({"1a.y": "f"}, {"slips": "{}", "secret": "s"})
    with Journal(path) as journal:
        assert journal.applied() == {"1a.x": "d", "1a.y": "f"}
        assert journal.applied_settings() == {"slips": "{}", "secret": "s"}


WRITER = """
import sys
from pathlib import Path
from tests.batch.test_journal import row
from autograder.course.journal import Journal

path, first = Path(sys.argv[1]), int(sys.argv[2])
with Journal(path) as journal:
    for number in range(first, first + 100_000):
        journal.add([row(check=f"1a.{number}", fault="x" * 3000)])
        print(number, flush=True)
"""


def test_journal_keeps_every_acknowledged_row_after_kill_9(path):
    rng, acknowledged = random.Random(5), []
    for _ in range(4):
        first = acknowledged[-1] + 1 if acknowledged else 0
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(first)], stdout=subprocess.PIPE, cwd=KIT
        )
        wanted = rng.randrange(1, 60)
        for line in writer.stdout:
            acknowledged.append(int(line))
            if len(acknowledged) >= wanted + first:
                break
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout if line.endswith(b"\n")]
        writer.wait()
    with Journal(path) as journal:
        recovered = journal.rows("ada", "content", {f"1a.{n}": "d" for n in range(100_000)})
    assert [n for n in acknowledged if f"1a.{n}" not in recovered] == []
    assert len(recovered) - len(acknowledged) <= 4  # written, but killed before it could say so


def test_journal_recovers_the_rows_before_a_cut_in_its_log(path, tmp_path):
    journal = Journal(path)
    for number in range(3):
        journal.add([row(check=f"1a.{number}")])
    log = Path(f"{path}-wal").read_bytes()
    names = {f"1a.{n}": "d" for n in range(3)}
    lengths = sorted({0, 1, 31, 32, len(log), *random.Random(1).sample(range(len(log)), 40)})
    counts = []
    for length in lengths:
        copy = tmp_path / f"cut{length}.sqlite"
        copy.write_bytes(path.read_bytes())
        Path(f"{copy}-wal").write_bytes(log[:length])
        with Journal(copy) as cut:
            recovered = cut.rows("ada", "content", names)
            cut.add([row(check="1a.later")])
        assert set(recovered) == {f"1a.{n}" for n in range(len(recovered))}
        counts.append(len(recovered))
    journal.close()
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 3)


FULL = """
import resource, sys
from pathlib import Path
from tests.batch.test_journal import row
from autograder.course.journal import Journal, JournalError

with Journal(Path(sys.argv[1])) as journal:
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    for number in range(10_000):
        try:
            journal.add([row(check=f"1a.{number}", fault="x" * 3000)])
        except JournalError as problem:
            print(number, problem)
            break
"""


def test_journal_reports_a_full_disk_and_keeps_its_rows(path):
    writer = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, cwd=KIT, check=True
    )
    number, sentence = writer.stdout.split(" ", 1)
    assert "marks.sqlite can't be used" in sentence
    assert "Free some space" in sentence
    with Journal(path) as journal:
        recovered = journal.rows("ada", "content", {f"1a.{n}": "d" for n in range(10_000)})
        assert {f"1a.{n}" for n in range(int(number))} <= set(recovered)
        journal.add([row(check="1a.afterwards")])


def test_journal_prints_nothing_after_ctrl_c_in_a_transaction(path, monkeypatch):
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    journal = Journal(path)
    abandoned = journal._transaction()
    abandoned.__enter__()  # and Ctrl-C comes before the first statement
    journal.close()
    del abandoned
    assert unraisable == []


def test_journal_refuses_another_version_and_leaves_it_unchanged(path):
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
        other.execute("CREATE TABLE marks (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="journal of another version of the kit"):
        Journal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database, but long enough to look at" * 50])
def test_journal_refuses_a_file_that_is_not_a_journal(path, content):
    path.write_bytes(content)
    with pytest.raises(JournalError, match="can't be used"):
        Journal(path)


def _damage(path: Path, kind: str) -> None:
    """What disks, editors and synchronizing programs leave of a journal."""
    content = path.read_bytes()
    if kind == "zeros":
        content = bytes(len(content))
    elif kind == "truncated":
        content = content[: len(content) // 2]
    elif kind == "zeros inside":
        content = content[:4096] + bytes(len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize("kind", ["zeros", "truncated", "zeros inside"])
def test_journal_says_that_it_is_damaged_and_what_is_lost(path, kind):
    with Journal(path) as journal:
        journal.add(row(check=f"1a.{number}") for number in range(200))
    _damage(path, kind)
    with pytest.raises(JournalError, match="because it is damaged") as refused, Journal(path) as j:
        j.rows("ada", "content", {f"1a.{number}": "d" for number in range(200)})
    assert f"move {path.name} and the files {path.name}-*" in str(refused.value)
    assert "Accepted appeals" in str(refused.value)


def test_open_class_refuses_an_emptied_journal_of_a_graded_class(tmp_path):
    with open_class(tmp_path, create=True) as journal:
        place = journal.path
    place.write_bytes(b"")
    with open_class(tmp_path):  # nothing is published: a new journal
        pass
    place.write_bytes(b"")
    (tmp_path / "class.json").write_text("{}")
    with pytest.raises(JournalError, match="the file is empty"), open_class(tmp_path):
        pass


def test_journal_of_a_folder_that_is_not_writable_is_not_called_damaged(path, monkeypatch):
    with Journal(path) as journal:
        journal.add([row()])
        journal._database.execute("PRAGMA query_only = ON")  # root may write everywhere
        with pytest.raises(JournalError, match="Make its folder and the file writable") as refused:
            journal.add([row(check="1a.y")])
    assert "damaged" not in str(refused.value)


def test_journal_refuses_a_missing_folder(tmp_path):
    with pytest.raises(JournalError, match="can't be used"):
        Journal(tmp_path / "nowhere" / "marks.sqlite")


def test_journal_accepts_rows_of_several_workers_at_once(path):
    script = textwrap.dedent(WRITER).replace("100_000", "40")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path), str(1000 * n)],
            stdout=subprocess.DEVNULL,
            cwd=KIT,
        )
        for n in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    with Journal(path) as journal:
        names = {f"1a.{1000 * n + i}": "d" for n in range(3) for i in range(40)}
        assert set(journal.rows("ada", "content", names)) == set(names)


# One runner at a time ----------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from autograder.course.lock import hold_lock

with hold_lock(Path(sys.argv[1]), Path(sys.argv[2])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_hold_lock_refuses_a_second_run_until_the_first_ends(tmp_path):
    lock = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), str(lock)], stdout=subprocess.PIPE, cwd=KIT
    )
    assert holder.stdout.readline() == b"held\n"
    sentence = f"Another run \\(PID {holder.pid}\\) is using"
    with pytest.raises(AlreadyRunning, match=sentence), hold_lock(tmp_path, lock):
        pytest.fail("two at once")
    holder.kill()
    holder.wait()
    with hold_lock(tmp_path, lock):
        assert lock.read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("place", ["out", "out/.journal"])
def test_open_class_says_what_is_in_the_place_of_its_folder(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("a file")
    with pytest.raises(JournalError, match="move away"), open_class(tmp_path / "out", create=True):
        pass
