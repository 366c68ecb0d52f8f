"""A check knows whether it ran alone, and can have the machine to itself."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autograder.sandbox.machine_lock import MachineLock

COURSE = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from autograder.sandbox.machine_lock import MachineLock
with MachineLock(Path(sys.argv[1])).shared():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> MachineLock:
    return MachineLock(tmp_path)


def test_turn_is_alone_without_concurrent_turns(lock: MachineLock) -> None:
    for _ in range(2):
        with lock.shared() as turn:
            assert turn.is_alone()
    with lock.alone() as turn:
        assert turn.is_alone()


def test_turn_is_not_alone_beside_an_earlier_or_later_turn(lock: MachineLock) -> None:
    with lock.shared() as first:
        assert first.is_alone()
        with lock.shared() as second:
            assert not second.is_alone()
        assert not first.is_alone()


def test_alone_waits_for_running_turns_and_blocks_new_turns(lock: MachineLock) -> None:
    events: list[str] = []
    waits = threading.Event()

    def have_it_alone() -> None:
        waits.set()
        with lock.alone() as turn:
            events.append(f"alone: {turn.is_alone()}")

    def share_it() -> None:
        with lock.shared():
            events.append("shared")

    with lock.shared():
        alone = threading.Thread(target=have_it_alone)
        alone.start()
        waits.wait()
        events.append("first ends")
    alone.join()
    with lock.alone():
        later = threading.Thread(target=share_it)
        later.start()
        later.join(0.2)
        events.append("alone ends")
    later.join()
    assert events == ["first ends", "alone: True", "alone ends", "shared"]


def test_alone_gives_up_when_others_do_not_end(tmp_path: Path) -> None:
    lock = MachineLock(tmp_path, patience=0.05)
    with lock.shared(), lock.alone() as turn:
        assert not turn.is_alone()


def test_machine_lock_is_free_after_its_holder_is_killed(lock: MachineLock, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=COURSE, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with lock.shared() as beside:
            assert not beside.is_alone()
        holder.kill()
    with lock.shared() as after:
        assert after.is_alone()
