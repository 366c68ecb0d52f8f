"""Numbers in an answer beside the student's own tables."""

import pytest

from autograder.desk.answers import NumberTable
from autograder.desk.quoted_numbers import compare_numbers

MSE = NumberTable("Vector A", ("8 bits", "4 bits"), {"sym": (1.234e-4, 0.0123)})
PTQ = NumberTable("PTQ", ("SAWB", "sym"), {"W8A8": (92.31, 91.4), "W2A2": (9.0, 9.4)}, unit="%")


@pytest.mark.parametrize(
    ("text", "agreement"),
    [
        ("0.0123", "same"),
        ("0.012", "same"),
        ("1.23e-4", "same"),
        ("$1.2 \\cdot 10^{-4}$", "same"),
        ("1,23 × 10^-4", "same"),
        ("0.0125", "other"),
        ("0.9", "absent"),
        ("92.3 %", "same"),
        ("92 %", "same"),
        ("92.9%", "other"),
        ("50 %", "absent"),
        ("0.9 %", "same"),  # 92.31 minus 91.4
        ("8", ""),
        ("1e-99999", ""),
        ("equation (4)", ""),
        ("version 1.2.3", ""),
    ],
)
def test_compare_numbers_names_agreement_with_the_tables(text, agreement):
    pieces = list(compare_numbers(f"It is {text}, as shown.", (MSE, PTQ)))
    assert "".join(piece.text for piece in pieces) == f"It is {text}, as shown."
    assert [piece.agreement for piece in pieces if piece.agreement] == [agreement] * bool(agreement)


def test_compare_numbers_says_which_cell_differs():
    (piece,) = compare_numbers("0.0125", (MSE,))
    assert piece.note == "Vector A, sym, 4 bits is 0.0123"


@pytest.mark.parametrize("cell", [1e300, 5e-324, float("inf"), float("nan")])
@pytest.mark.parametrize("text", ["0.000000000001e-99", "999999e99", "0.0"])
def test_compare_numbers_reads_numbers_at_the_ends_of_the_range(cell, text):
    table = NumberTable("Vector A", ("4 bits",), {"sym": (cell,)})
    assert "".join(piece.text for piece in compare_numbers(text, (table,))) == text


def test_compare_numbers_needs_a_table():
    assert [piece.agreement for piece in compare_numbers("0.0123 and 91.2 %", ())] == [""]
