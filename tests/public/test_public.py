"""The public checks as tests: `pytest tests/public`. What you have not written yet is skipped."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder that quantlab lies in

from quantlab.check import MISSING, RIGHT, run
from quantlab.protocol.public_checks import load, questions


@pytest.mark.parametrize(
    ("question", "number"),
    [
        pytest.param(question, number, id=one.id)
        for question in questions()
        for number, one in enumerate(load(question))
    ],
)
def test_public_check(question, number):
    found = run(question)[number]
    if found.outcome == MISSING:
        pytest.skip(found.lines[0])
    assert found.outcome == RIGHT, "\n".join((found.check.title, *found.lines))
