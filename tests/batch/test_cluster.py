"""The same class on a Dask cluster: a real scheduler and two worker processes on loopback.

One worker is killed half-way. The marks are those that were known, and nothing is lost.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.journal import Journal
from tests.batch.conftest import (
    KIT,
    PATIENCE,
    RehearsedClass,
    rehearsed_class,
    reports,
    rows,
    wrong_marks,
)

pytest.importorskip("distributed")
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def klass(tmp_path_factory, course_secret_file) -> RehearsedClass:
    return rehearsed_class(tmp_path_factory.mktemp("class"), 10, 5, "1a.linear_*", "canvas")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def scheduling(folder: Path, port: int) -> Iterator[subprocess.Popen]:
    """A scheduler that listens."""
    command = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    with dask(folder, *command) as process:
        until(lambda: listening(port), "the scheduler did not start")
        yield process


@pytest.fixture
def scheduler(tmp_path, port) -> Iterator[str]:
    """The address of a scheduler of its own."""
    with scheduling(tmp_path / "scheduler", port):
        yield f"tcp://127.0.0.1:{port}"


@contextlib.contextmanager
def dask(folder: Path, *command: str) -> Iterator[subprocess.Popen]:
    """A process of Dask's command line, killed at the end."""
    folder.mkdir()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            cwd=KIT,
            env={**os.environ, "PYTHONPATH": str(KIT), "OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def worker(folder: Path, scheduler: str) -> contextlib.AbstractContextManager:
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    return dask(folder, "worker", scheduler, *options, "--local-directory", str(folder / "scratch"))


def listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def until(true, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def test_batch_on_a_cluster_keeps_all_scores_when_a_worker_is_killed(klass, scheduler, tmp_path):
    out = tmp_path / "marks"
    with (
        worker(tmp_path / "first", scheduler) as first,
        worker(tmp_path / "second", scheduler),
        klass.start(out, "--scheduler", scheduler) as runner,
    ):

        def half_done() -> bool:
            assert runner.poll() is None, runner.communicate()
            return rows(out) >= 4 * 7  # of ten submissions with seven checks each

        until(half_done, "nothing was marked")
        first.kill()
        output, errors = runner.communicate(timeout=PATIENCE)
    assert runner.returncode in (0, 1), output + errors
    assert "Traceback" not in errors
    assert wrong_marks(klass, reports(out)) == {}


def test_batch_on_a_cluster_equals_batch_on_this_machine(klass, scheduler, tmp_path):
    assert klass.mark(tmp_path / "here") in (0, 1)
    with worker(tmp_path / "worker", scheduler):
        assert klass.mark(tmp_path / "there", "--scheduler", scheduler) in (0, 1)
    assert reports(tmp_path / "there") == reports(tmp_path / "here")


def test_batch_on_a_cluster_refuses_a_worker_with_another_secret(
    klass, scheduler, tmp_path, capsys
):
    other = tmp_path / "secret"
    other.write_text("another secret, on the other machine")
    with contextlib.ExitStack() as outsiders:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AUTOGRADER_SECRET_FILE", str(other))
            outsiders.enter_context(worker(tmp_path / "worker", scheduler))
        assert klass.mark(tmp_path / "marks", "--scheduler", scheduler) == 2
    assert "has another kit, rubric, course secret" in capsys.readouterr().err
    assert reports(tmp_path / "marks") == {}


def test_batch_on_a_cluster_stops_when_the_scheduler_is_gone(klass, port, tmp_path):
    with scheduling(tmp_path / "scheduler", port) as process:
        runner = klass.start(tmp_path / "marks", "--scheduler", f"tcp://127.0.0.1:{port}")
        journal = tmp_path / "marks" / ".journal" / "marks.sqlite"
        until(lambda: journal.exists() and _applied(journal), "the run did not begin")
        time.sleep(10)  # now its tasks wait at the scheduler for workers; there are none
        process.kill()
        _, errors = runner.communicate(timeout=PATIENCE)
    assert runner.returncode == 2
    assert errors.startswith("The cluster is gone.")
    assert len(errors.splitlines()) == 1


def _applied(journal: Path) -> bool:
    with Journal(journal) as opened:
        return bool(opened.applied())
