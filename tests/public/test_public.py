"""The public checks as tests: `pytest tests/public`. What you have not written yet is skipped."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder that quantlab lies in

from quantlab.check import run
from quantlab.protocol.public_checks import load, questions
from quantlab.protocol.run_public_checks import MISSING, RIGHT


@pytest.mark.parametrize(
    ("question", "number"),
    [
        pytest.param(question, number, id=public_check.id)
        for question in questions()
        for number, public_check in enumerate(load(question))
    ],
)
def test_public_check(question, number):
    result = run(question)[number]
    if result.outcome == MISSING:
        pytest.skip(result.lines[0])
    assert result.outcome == RIGHT, "\n".join((result.check.title, *result.lines))
