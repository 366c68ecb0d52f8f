"""Statements that fail at import are left out: of the text, in notes, reviews and scores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.engine.record import GradedCheck, Verdict
from autograder.grading import repairs
from autograder.grading.review import review
from quantlab.errors import InvalidRepair
from quantlab.intake.submission import Submission
from quantlab.protocol.failure_reasons import Claim
from quantlab.protocol.newer_syntax import newer_python
from quantlab.protocol.repair import (
    Imported,
    Repair,
    SkippedStatement,
    blank,
    import_notes,
    repair_of,
)
from quantlab.protocol.run_statements import find_statements_to_skip
from tests.class_outputs.people import a_check

RAISES = Claim("raises", "no GPU", "AssertionError", 2)
LINE = Repair("solution.py raises", (2,), ("line 2: `assert False` raises AssertionError",))


def statement(*place: int, claim: Claim = RAISES) -> SkippedStatement:
    return SkippedStatement(*place, claim)


@pytest.mark.parametrize(
    ("source", "place", "expected"),
    [
        ("a\nassert 0\nb\n", (2, 0, 2, 8), "a\n\nb\n"),
        ("a\r\nf(\r\n1)\r\nb", (2, 0, 3, 2), "a\r\n\r\n\r\nb"),
        ("a; assert 0; b\n", (1, 3, 1, 11), "a; pass; b\n"),
        ("assert 0  # why\n", (1, 0, 1, 8), "  # why\n"),
        ("f(\n1); b\n", (1, 0, 2, 2), "\npass; b\n"),
        ("def f():\n    %ls\n", (2, 4, 2, 7), "def f():\n    pass\n"),
        ("x = '\u00e9'; assert 0\n", (1, 10, 1, 18), "x = '\u00e9'; pass\n"),
        ("a\x0cb\x85\nassert 0", (2, 0, 2, 8), "a\x0cb\x85\n"),
    ],
)
def test_blank_keeps_the_number_of_lines(source, place, expected):
    assert blank(source, [statement(*place)]) == expected


@pytest.mark.parametrize(
    "places",
    [
        [(0, 0, 1, 1)],
        [(3, 0, 3, 1)],
        [(1, 0, 1, 99)],
        [(1, 0, 9**20, 1)],
        [(1, -5, 1, 1)],
        [(1, 1, 1, 1)],
        [(2, 0, 1, 1)],
        [(1, 0, 2, 1), (2, 0, 2, 2)],
        [(2, 0, 2, 1), (1, 0, 1, 1)],
        [(1, 6, 1, 7)],  # within a character
        [(1, 0, 1, 1)] * 11,
    ],
)
def test_blank_refuses_places_that_cannot_be(places):
    with pytest.raises(InvalidRepair):
        blank("x = '\u00e9'\nab\n", [statement(*place) for place in places])


def test_blank_refuses_a_reason_that_cannot_be():
    with pytest.raises(InvalidRepair):
        blank("a\n", [statement(1, 0, 1, 1, claim=Claim("absent"))])


@given(st.text(max_size=40), st.lists(st.tuples(*[st.integers(-1, 6)] * 4), max_size=3))
def test_blank_refuses_or_keeps_every_line(source, places):
    try:
        text = blank(source, [statement(*place) for place in places])
    except InvalidRepair:
        return
    lines = [text.count(end) for end in ("\r", "\n")]
    assert lines == [source.count(end) for end in ("\r", "\n")]


SLIPS = """from __future__ import annotations
import torch
%load_ext autoreload
assert False, "no GPU"
@torch.no_grad()
def f(x: undefined) -> int:
    %timeit x
    return x
class Half:
    value = missing
value = 1; raise SystemExit(3); other = 2
try:
    import nothing_like_this
except ImportError:
    kept = 1
for partly in range(3):
    1 / (partly - 1)
print(partly)
"""


def test_find_statements_lists_what_fails_and_undoes_what_it_bound():
    found = find_statements_to_skip(SLIPS, "slips")
    assert [(s.first_line, s.last_line, s.claim.reason) for s in found] == [
        (3, 3, "command"),
        (4, 4, "raises"),
        (7, 7, "command"),
        (9, 10, "raises"),
        (11, 11, "exit"),
        (16, 17, "raises"),
        (18, 18, "raises"),
    ]
    repaired = blank(SLIPS, found)
    assert find_statements_to_skip(repaired, "slips") == []
    names: dict = {}
    exec(compile(repaired, "slips.py", "exec"), names)
    assert names["f"](3) == 3
    assert (names["value"], names["other"], names["kept"]) == (1, 2, 1)


def test_find_statements_takes_percent_in_an_expression_as_python():
    source = "def f(): pass\nx = (7\n% 4)\ny = '''\n!ls\n%cd\n'''\n"
    assert find_statements_to_skip(source, "percent") == []


def test_find_statements_refuses_a_source_without_functions():
    with pytest.raises(LookupError):
        find_statements_to_skip("from helpers import *\n", "nothing_left")


@pytest.mark.parametrize("source", ["def f(:\n", "x = 1\nreturn x\n", "%ls\nx = (\n"])
def test_find_statements_raises_for_what_is_not_python(source):
    with pytest.raises(SyntaxError):
        find_statements_to_skip(source, "broken")


def test_repair_quotes_the_statement_and_its_reason():
    source = "import torch\nassert gpu(), 'no GPU'\n"
    repair = repair_of(source, "it raises", [statement(2, 0, 2, 22)])
    assert repair.sentences == ("line 2: `assert gpu(), 'no GPU'` raises AssertionError: no GPU",)


def test_newer_python_names_the_version():
    assert "Python 3.12 may accept" in newer_python(
        "f-string: unmatched '['", 'f"{d["a"]}"', (3, 11)
    )
    assert "Python 3.14" in newer_python("invalid syntax", 'x = t"{a}"', (3, 13))
    assert newer_python("f-string: unmatched '['", 'f"{d["a"]}"', (3, 12)) == ""
    assert newer_python("invalid syntax", "def f(:", (3, 11)) == ""


def _graded(points: float) -> dict[str, GradedCheck]:
    call = a_check("1a.reset.sym", points=points, source="call")
    table = a_check("1c.comparison", source="person")
    return {
        call.id: GradedCheck(call, repair=LINE),
        table.id: GradedCheck(table),
    }


def test_review_shows_both_scores_of_a_repaired_solution():
    graded = _graded(2.0)
    found = review(Submission("ada", "x = 1"), list(graded.values()))
    (sentence,) = [text for text in found.sentences if "as submitted" in text]
    assert "Its functions have 0 points as submitted, 2 points without line 2." in sentence
    assert "1a.reset.sym" in found.checks


def test_review_accepts_a_repair_that_the_course_accepts():
    found = review(Submission("ada", "x = 1"), list(_graded(2.0).values()), repairs=False)
    assert not [text for text in found.sentences if "as submitted" in text]


def test_counted_takes_the_points_of_functions_only_when_repair_is_off():
    submission, graded = Submission("ada", "x = 1"), _graded(2.0)
    assert repairs.counted(submission, graded, repairs.REVIEW) == graded
    assert repairs.counted(submission, graded, repairs.ACCEPT) == graded
    off = repairs.counted(submission, graded, repairs.OFF)
    assert off["1a.reset.sym"].result.verdict is Verdict.BLOCKED
    assert off["1a.reset.sym"].result.points == 0
    assert "could not be imported: solution.py raises" in off["1a.reset.sym"].result.message
    assert off["1c.comparison"] == graded["1c.comparison"]


def test_import_notes_name_lines_and_settings():
    notes = import_notes(Imported("", None, LINE, ("torch.set_num_threads",)))
    assert (
        notes[0] == "solution.py was graded without line 2: `assert False` raises AssertionError."
    )
    assert notes[1].startswith("solution.py calls torch.set_num_threads while it is imported.")
