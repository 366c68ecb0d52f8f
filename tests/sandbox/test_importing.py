"""Garbage is collected rarely while a process imports, and as before afterwards."""

import gc
from collections.abc import Iterator

import pytest

from autograder.sandbox.relaxed_gc import OBJECTS_BETWEEN_SEARCHES, relaxed_gc


@pytest.fixture
def own_thresholds() -> Iterator[tuple[int, int, int]]:
    """Set thresholds that are not the defaults, which differ between versions of Python."""
    before = gc.get_threshold()
    gc.set_threshold(1234, 5, *before[2:])
    yield gc.get_threshold()
    gc.set_threshold(*before)


def collections_of(objects: int) -> int:
    """Return how many collections the allocation of this many container objects starts."""
    starts: list[str] = []
    count = lambda phase, info: starts.append(phase)  # noqa: E731
    gc.callbacks.append(count)
    try:
        kept = [[] for _ in range(objects)]
    finally:
        gc.callbacks.remove(count)
    assert len(kept) == objects
    return starts.count("start")


@pytest.mark.usefixtures("own_thresholds")
def test_relaxed_gc_collects_less_often() -> None:
    objects = 5 * OBJECTS_BETWEEN_SEARCHES
    usual = collections_of(objects)
    with relaxed_gc():
        assert gc.isenabled()
        fewer = collections_of(objects)
    assert 1 <= fewer <= 6
    assert usual >= 40


def test_relaxed_gc_restores_the_thresholds(own_thresholds: tuple[int, int, int]) -> None:
    with relaxed_gc():
        assert gc.get_threshold()[0] == OBJECTS_BETWEEN_SEARCHES
    assert gc.get_threshold() == own_thresholds


def test_relaxed_gc_restores_the_thresholds_after_a_failed_import() -> None:
    before = gc.get_threshold()
    with pytest.raises(ImportError), relaxed_gc():
        raise ImportError
    assert gc.get_threshold() == before
