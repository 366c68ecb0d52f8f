"""Worker processes of this machine: they end with whoever gives out work, at once, however it ends.

Real processes, and work that takes no time.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from autograder.course.worker_pool import DaskPool, LocalPool, PoolUnavailable, fitting_jobs

KIT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds until a process that should be gone counts as left behind


def begun(folder: str) -> None:
    """What each worker does first."""
    (Path(folder) / str(os.getpid())).touch()


def own_number() -> int:
    return os.getpid()


def sleep_for_ever(folder: str) -> None:
    (Path(folder) / f"asleep-{os.getpid()}").touch()
    time.sleep(3600)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def processes(folder: Path, prefix: str = "") -> set[int]:
    return {int(p.name.removeprefix(prefix)) for p in folder.glob(f"{prefix}[0-9]*")}


def gone(pid: int) -> bool:
    """Whether there is no such process, or only what is left of it for its parent to see."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(true, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.fixture
def pool(tmp_path):
    with contextlib.closing(LocalPool(2, begun, (str(tmp_path),))) as pool:
        yield pool


def test_local_pool_initializes_every_worker_before_its_first_task(pool, tmp_path):
    with pool.open() as executor:
        assert executor.submit(own_number).result() in processes(tmp_path)
        assert pool.width(executor) == 3


def test_local_pool_starts_workers_early_and_ends_them_unused(tmp_path):
    with contextlib.closing(LocalPool(2, begun, (str(tmp_path),))):
        wait_until(lambda: processes(tmp_path), "no worker was started")
    for pid in processes(tmp_path):
        wait_until(lambda pid=pid: gone(pid), "a worker is left behind")


def test_local_pool_breaks_alone_when_a_worker_dies(pool):
    with pool.open() as executor, pytest.raises(pool.died):
        executor.submit(die).result()
    assert issubclass(pool.died[0], BrokenExecutor)
    with pool.alone() as executor:
        assert executor.submit(own_number).result() != os.getpid()


def test_local_pool_ends_busy_workers_after_an_exception(pool, tmp_path):
    with contextlib.suppress(KeyboardInterrupt), pool.open() as executor:
        executor.submit(sleep_for_ever, str(tmp_path))
        wait_until(lambda: processes(tmp_path, "asleep-"), "the task was not begun")
        raise KeyboardInterrupt
    for pid in processes(tmp_path):
        wait_until(lambda pid=pid: gone(pid), "a worker is left behind")


RUNNER = """
import sys
from tests.batch.test_worker_pool import begun, sleep_for_ever
from autograder.course.worker_pool import LocalPool

if __name__ == "__main__":
    with LocalPool(2, begun, (sys.argv[1],)).open() as executor:
        for future in [executor.submit(sleep_for_ever, sys.argv[1]) for _ in range(2)]:
            future.result()
"""


def test_local_pool_ends_its_workers_when_the_runner_is_killed(tmp_path):
    script = tmp_path / "runner.py"
    script.write_text(RUNNER)
    environment = {**os.environ, "PYTHONPATH": str(KIT)}
    runner = subprocess.Popen([sys.executable, script, tmp_path], cwd=KIT, env=environment)
    wait_until(lambda: len(processes(tmp_path, "asleep-")) == 2, "the tasks were not begun")
    runner.kill()
    runner.wait()
    for pid in processes(tmp_path):
        wait_until(lambda pid=pid: gone(pid), "a worker outlived the runner")


def test_fitting_jobs_counts_cores_unless_memory_is_short(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    monkeypatch.setattr("autograder.course.worker_pool._free_memory", lambda: 100 * 2**30)
    assert fitting_jobs() == 8
    monkeypatch.setattr("autograder.course.worker_pool._free_memory", lambda: 3 * 2**30)
    assert fitting_jobs() == 3
    monkeypatch.setattr("autograder.course.worker_pool._free_memory", lambda: 2**20)
    assert fitting_jobs() == 1


def test_dask_pool_refuses_an_address_without_scheduler(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("autograder.course.worker_pool._CONNECT_SECONDS", 0.2)
    with pytest.raises(PoolUnavailable, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1 "):
        DaskPool("tcp://127.0.0.1:1", print)


def test_dask_pool_names_the_package_to_install_without_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PoolUnavailable, match=r"pip install -e '\.\[cluster\]'"):
        DaskPool("tcp://127.0.0.1:8786", print)
