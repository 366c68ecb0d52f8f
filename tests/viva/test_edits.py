"""Edits change one line, and what the sandbox claims about them is not trusted."""

import pytest

from autograder.engine.executor import Executor
from autograder.viva.edit_rules import find_edits as claims_of
from autograder.viva.edits import LONGEST_SOURCE, WHY, find_edits
from quantlab.protocol.calls import Answer, Failure, Program

LINES = {
    "return torch.clamp(torch.round(x / s) - z, low, high)": {
        "return torch.clamp(torch.floor(x / s) - z, low, high)",
        "return torch.clamp(torch.round(x * s) - z, low, high)",
        "return torch.clamp(torch.round(x / s), low, high)",
        "return torch.clamp(torch.round(x / s) + z, low, high)",
        "return torch.clamp(torch.round(x / s) - z, low + 1, high)",
        "return torch.clamp(torch.round(x / s) - z, low, high - 1)",
    },
    "return (x / s).round().sub(z).clamp(min=a if b else c)": {
        "return (x * s).round().sub(z).clamp(min=a if b else c)",
        "return (x / s).floor().sub(z).clamp(min=a if b else c)",
        "return (x / s).round().add(z).clamp(min=a if b else c)",
        "return (x / s).round().sub(z).clamp(min=(a if b else c) + 1)",
    },
    "high = 2 ** (b - 1) - 1": {"high = 2 ** (b) - 1", "high = 2 ** (b - 1)"},
    "y = ((codes) + float(zero_point)) * s": {
        "y = ((codes)) * s",
        "y = ((codes) - float(zero_point)) * s",
    },
    "y = (x ** 2).mean() ** 0.5": {"y = (x).mean() ** 0.5", "y = (x ** 2).sum() ** 0.5"},
    "y = torch.sqrt(torch.square(x).mean(dim=1))": {
        "y = (torch.square(x).mean(dim=1))",
        "y = torch.sqrt((x).mean(dim=1))",
        "y = torch.sqrt(torch.square(x).mean(dim=0))",
    },
    'é = "é"; y = x.abs().max()': {'é = "é"; y = x.max()'},
    "y = x[1:-1]": set(),
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_edit_rules_change_one_operator_limit_or_name(line: str) -> None:
    text = f"def f(x):\r\n    {line}\r\n"
    edited = set()
    for rule, number, first, last, replacement, owner in claims_of(text):
        encoded = f"    {line}".encode()
        assert (number, owner) == (2, "f")
        assert rule in WHY
        edited.add((encoded[:first] + replacement.encode() + encoded[last:]).decode().strip())
    assert edited == LINES[line]


def test_edit_rules_use_the_last_definition_only() -> None:
    text = "def f(x, s):\n    return x / s\n\n\ndef f(x, s):\n    return s / x\n"
    assert [claim[1] for claim in claims_of(text)] == [6]


class Claiming:
    """Answers `find_edits` with given claims, as a worker in foreign hands could."""

    isolation = "none"

    def __init__(self, claims: object) -> None:
        self._claims = claims

    def run(self, source: str, program: Program) -> Answer:
        return Answer((self._claims,))


def _edits(claims: object, text: str = "y = x / s\n") -> list[str]:
    executor: Executor = Claiming(claims)  # type: ignore[assignment]
    edits = find_edits(executor, text, frozenset())
    assert not isinstance(edits, Failure)
    return [edit.source for edit in edits]


def test_find_edits_applies_a_claim() -> None:
    assert _edits([("multiply", 1, 6, 7, "*", "f")]) == ["y = x * s\n"]


@pytest.mark.parametrize(
    "claim",
    [
        ("multiply", 3, 6, 7, "*", "f"),
        ("multiply", 0, 6, 7, "*", "f"),
        ("multiply", 1, 7, 6, "*", "f"),
        ("multiply", 1, 6, 99, "*", "f"),
        ("multiply", 1, -1, 7, "*", "f"),
        ("multiply", 1, 6, 7, "*\nimport os", "f"),
        ("multiply", 1, 6, 7, "*" * 99, "f"),
        ("unknown", 1, 6, 7, "*", "f"),
        ("multiply", True, 6, 7, "*", "f"),
        ("multiply", 1.0, 6, 7, "*", "f"),
        ("multiply", 1, 6, 7, "*"),
        ["multiply", 1, 6, 7, "*", "f"],
        None,
    ],
)
def test_find_edits_drops_a_claim_that_is_not_an_edit(claim: object) -> None:
    assert _edits([claim]) == []


def test_find_edits_drops_a_reply_that_is_not_a_list() -> None:
    assert _edits({"multiply": 1}) == []


def test_find_edits_leaves_the_starter_and_long_lines_alone() -> None:
    executor: Executor = Claiming([("multiply", 1, 6, 7, "*", "f")])  # type: ignore[assignment]
    assert find_edits(executor, "y = x / s", frozenset({"y = x / s"})) == []
    assert _edits([("multiply", 1, 6, 7, "*", "f")], f"y = x / {'s' * 200}") == []
    assert isinstance(find_edits(executor, "x" * (LONGEST_SOURCE + 1), frozenset()), Failure)
