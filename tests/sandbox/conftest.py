"""One running sandbox for all of these tests, with limits that are soon reached.

Loops end by processor time, however busy the machine is, after long enough to fill the memory
first; only what waits without computing ends by the wall clock, and is tested by an import.
"""

from collections.abc import Iterator

import pytest

from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.machine_lock import MachineLock


@pytest.fixture(scope="session")
def short_limits() -> Limits:
    return Limits(cpu_seconds=3, wall_seconds=60.0, import_wall_seconds=6.0, memory=512 << 20)


@pytest.fixture(scope="session")
def own_lock(tmp_path_factory: pytest.TempPathFactory) -> MachineLock:
    """A lock of these tests alone: other runs of the account do not make them run again."""
    return MachineLock(tmp_path_factory.mktemp("lock"))


@pytest.fixture(scope="session")
def patient_sandbox(own_lock: MachineLock) -> Iterator[Sandbox]:
    """With the limits that students get: some honest imports take seconds of processor time."""
    with Sandbox(lock=own_lock) as running:
        yield running


@pytest.fixture(scope="session")
def sandbox(short_limits: Limits, own_lock: MachineLock) -> Iterator[Sandbox]:
    with Sandbox(limits=short_limits, lock=own_lock) as running:
        yield running
