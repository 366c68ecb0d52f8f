"""Garbage is looked for rarely while a process imports, and as before afterwards."""

import gc

import pytest

from autograder.sandbox.importing import few_collections


def test_searches_are_rarer_meanwhile_and_as_they_were_afterwards() -> None:
    before = gc.get_threshold()
    with few_collections():
        assert gc.isenabled()
        assert gc.get_threshold()[0] > 10 * before[0]
    assert gc.get_threshold() == before


def test_a_failed_import_leaves_them_as_they_were() -> None:
    before = gc.get_threshold()
    with pytest.raises(ImportError), few_collections():
        raise ImportError
    assert gc.get_threshold() == before
