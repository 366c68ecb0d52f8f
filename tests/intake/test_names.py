"""Names from strangers: safe to show, safe as an id, recognised as a file of the assignment."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.intake.names import LONGEST_ID, could_be, quote_name, student_id
from quantlab.student_ids import plain_student

anything = st.text(st.characters())  # surrogates included


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("solution.py", "'solution.py'"),
        ("Zoë 解.py", "'Zoë 解.py'"),
        ("a\x1b[31m\n", r"'a\x1b[31m\n'"),
        ("\u202efdp.py", r"'\u202efdp.py'"),
        ("a\u200b\xa0b", r"'a\u200b\xa0b'"),
        ("\udcff.py", r"'\udcff.py'"),
    ],
)
def test_quote_name_escapes_unprintable_characters(name, shown):
    assert quote_name(name) == shown


@settings(deadline=None)
@given(anything)
def test_quote_name_returns_short_printable_text(name):
    shown = quote_name(name, limit=20)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert len(shown) <= 2 + 10 * 20


@pytest.mark.parametrize("name", ["alice", "A.B-c_9", "0", "_x", "a" * LONGEST_ID])
def test_student_id_keeps_a_plain_name(name):
    assert student_id(name).value == name
    assert not student_id(name).replaced


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", ".hidden", "-rf", "a b", "a/b", "../a", "Zoë", "=1+1", "a" * 65, "\n"),
        *("summary.csv", "Summary.CSV"),  # a folder of that name would be in the table's way
    ],
)
def test_student_id_replaces_any_other_name(name):
    replaced = student_id(name)
    assert replaced.replaced
    assert replaced.original == name
    assert student_id(replaced.value).value == replaced.value


def test_student_id_is_the_same_for_equivalent_unicode():
    composed = unicodedata.normalize("NFC", "Zoë Ångström")
    apart = unicodedata.normalize("NFD", composed)
    assert composed != apart
    assert student_id(composed).value == student_id(apart).value == "Zoe-Angstrom-d91ffefb"


@settings(deadline=None)
@given(anything, anything)
def test_student_id_is_safe_and_differs_if_names_differ(name, other):
    first, second = student_id(name).value, student_id(other).value
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", first)
    assert (first == second) == (plain_student(name) == plain_student(other))


@pytest.mark.parametrize(
    ("name", "wanted", "is_it"),
    [
        ("main.ipynb", "main.ipynb", True),
        ("MAIN.IPYNB", "main.ipynb", True),
        ("Copy of main.ipynb", "main.ipynb", True),
        ("main (12).ipynb", "main.ipynb", True),
        ("main.ipynb (1)", "main.ipynb", False),
        ("main1.ipynb", "main.ipynb", False),
        ("main-final.ipynb", "main.ipynb", False),
        ("xmain.ipynb", "main.ipynb", False),
        ("mainxipynb", "main.ipynb", False),
        ("ResNet20_W8A8-2.pt", "ResNet20_W8A8.pt", True),
        ("ResNet20_W8A8.pt", "ResNet20_W8A2.pt", False),
        ("ResNet20xW8A8.pt", "ResNet20_W8A8.pt", False),
        ("v1x0.md", "v1.0.md", False),
        ("", "main.ipynb", False),
    ],
)
def test_could_be_recognizes_a_file_name_and_its_copies(name, wanted, is_it):
    assert could_be(name, wanted) is is_it
