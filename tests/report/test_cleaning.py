"""Whatever a student's code writes, what is shown is what it says and no more."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.protocol.sanitize_text import CUT, clean

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b[]0;m\x07\x9b\x9d\\\u202e\u2066\u200b\u200d\u0301\r\n\t \ud800x"),
    )
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hover", "over"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;https://a.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d0;title\x9cafter", "after"),
        ("\x1b]0;never ended, so still read", "0;never ended, so still read"),
        ("\x1bcreset", "reset"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("pass\u202etluaf\u202c", "passtluaf"),
        ("\u2066isolate\u2069 \u200fmark \u061cletter", "isolate mark letter"),
        ("ze\u200bro\ufeff wid\u2060th\U000e0041", "zero width"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("right\rwrong", "right wrong"),
        ("  two\n\nlines\u2028three ", "two lines three"),
    ],
)
def test_clean_keeps_only_visible_text(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize("name", ["Zoë", "عائشة بنت محمد", "李小龍", "सुमित", "می‌خواهم", "👩‍🔬"])
def test_clean_keeps_names_of_all_scripts(name: str) -> None:
    assert clean(name) == name


def test_clean_removes_stacked_accents() -> None:
    assert len(clean("a" + "\u0301" * 400 + "b")) < 10


def test_clean_shortens_long_text() -> None:
    shown = clean("x" * 100_000, limit=80)
    assert len(shown) == 80
    assert shown == "x" * 79 + CUT


def test_clean_shows_a_cut_after_many_invisible_characters() -> None:
    assert clean("ok" + "\u200b" * 100_000 + "the rest").endswith(CUT)


def test_clean_keeps_lines_and_tabs_on_request() -> None:
    assert clean("a\r\n\tb\rc", lines=3) == "a\n\tb\nc"


def test_clean_limits_the_number_of_lines() -> None:
    assert clean("\n".join("abcdef"), lines=3) == "a\nb\nc" + CUT


@settings(deadline=None)  # a busy machine is no fault of the text
@given(text=HOSTILE, limit=st.integers(1, 60), lines=st.integers(1, 4))
def test_clean_returns_short_printable_text_and_is_idempotent(
    text: str, limit: int, lines: int
) -> None:
    shown = clean(text, limit, lines)
    assert len(shown) <= limit
    assert shown.count("\n") < lines
    unwanted = {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs")}
    assert unwanted <= set("\n\t\u200c\u200d")
    assert clean(shown, limit, lines) == shown
    shown.encode("utf-8")
