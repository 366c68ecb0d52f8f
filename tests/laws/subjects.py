"""The reference and every alternative to it, and how a law becomes tests of them all.

A law is a function `body(subject, case)`; `law` draws the cases. The reference is tried on many of
them; an alternative on a few, and only on laws about functions that it has written itself.
"""

import ast
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from autograder.engine.corpus import load_alternatives
from autograder.paths import REFERENCE
from quantlab.protocol.execute import load_module

EXAMPLES_OF_THE_REFERENCE = 200
EXAMPLES = 15
# Laws pass arguments in one form and use them again afterwards. What takes one form only, or works
# in place, is in `tests/layers/test_scale_forms.py` and `tests/marking/test_fair_points.py`.
_NOT_CALLED_DIRECTLY = {"arguments_changed_in_place", "scales_are_numbers", "scales_are_tensors"}


@dataclass(frozen=True)
class Subject:
    """A right solution.py; `written` are the functions and classes that it has of its own."""

    name: str
    source: str = field(repr=False)
    written: frozenset[str] = field(repr=False)

    @property
    def is_reference(self) -> bool:
        return self.name == "reference"

    @functools.cached_property
    def ops(self) -> ModuleType:
        return load_module(self.source, name=f"law_{self.name}")

    def has_its_own(self, functions: tuple[str, ...]) -> bool:
        return not self.written.isdisjoint(functions)


def _names(code: str) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.parse(code).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )


@functools.cache
def subjects() -> tuple[Subject, ...]:
    source = REFERENCE.read_text(encoding="utf-8")
    return (
        Subject("reference", source, _names(source)),
        *(
            Subject(a.name, a.source(source), _names(a.code))
            for a in load_alternatives()
            if a.name not in _NOT_CALLED_DIRECTLY
        ),
    )


Body = Callable[[Subject, Any], None]


def law(*functions: str, on: Callable[[Subject], SearchStrategy[Any]]) -> Callable[[Body], Any]:
    """A test of `body` per subject that has written one of `functions`, on cases of `on(subject)`.

    Alternatives may print and warn.
    """
    concerned = [subject for subject in subjects() if subject.has_its_own(functions)]

    def decorate(body: Body) -> Any:
        @pytest.mark.filterwarnings("ignore")
        @pytest.mark.parametrize("subject", concerned, ids=lambda subject: subject.name)
        def test(subject: Subject) -> None:
            def example(case: Any) -> None:
                body(subject, case)

            example.__name__ = f"{body.__name__}__{subject.name}"  # each keeps its own failures
            examples = EXAMPLES_OF_THE_REFERENCE if subject.is_reference else EXAMPLES
            settings(max_examples=examples)(given(on(subject))(example))()

        test.__name__ = body.__name__
        return test

    return decorate
