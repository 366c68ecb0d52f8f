"""The text of solution.py, decoded as Python would, or one sentence on why there is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.intake.decode_source import BadSource, decode

TEXT = "# Zoë\nname = 'déjà vu'\n"


def sentence(content):
    with pytest.raises(BadSource) as caught:
        decode(content)
    message = str(caught.value)
    assert message.endswith(".")
    assert message.isprintable()
    return message


def test_utf8():
    assert decode(TEXT.encode()) == TEXT


def test_a_byte_order_mark_goes():
    assert decode(b"\xef\xbb\xbf" + TEXT.encode()) == TEXT


@pytest.mark.parametrize("cookie", ["# -*- coding: latin-1 -*-\n", "#!python\n# coding=cp1252\n"])
def test_latin1_that_says_so(cookie):
    assert decode((cookie + TEXT).encode("latin-1")) == cookie + TEXT


def test_latin1_around_the_line_that_says_so():
    text = "# Zoë wrote this in latin-1\n# coding: latin-1 déjà\nx = 'é'\n"
    assert decode(text.encode("latin-1")) == text


def test_latin1_that_does_not_say_so():
    message = sentence(TEXT.encode("latin-1"))
    assert message.startswith("Line 1 of solution.py is not UTF-8 (byte 0xeb): save")


def test_the_line_of_the_first_wrong_byte_is_told():
    assert "Line 7 of" in sentence(b"x = 1\r\n" * 6 + b"s = '\xe9'\r\n" + b"\xff\n")


def test_a_declaration_that_the_bytes_do_not_fit():
    assert "Line 2 of solution.py is not ascii" in sentence(b"# coding: ascii\ns = '\xc3\xa9'\n")


def test_a_declaration_on_the_third_line_is_a_comment():
    assert "is not UTF-8" in sentence(b"\n\n# coding: latin-1\ns = '\xe9'\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])  # with their byte order marks
def test_utf16(encoding):
    assert "is in UTF-16, which Python can't read: save solution.py as UTF-8" in sentence(
        TEXT.encode(encoding)
    )


def test_utf16_without_a_mark_is_told_by_its_nul():
    assert "Line 1 of solution.py holds a NUL byte" in sentence("x = 1".encode("utf-16-le"))


def test_a_nul():
    assert "Line 3 of solution.py holds a NUL byte" in sentence(b"x = 1\n\ny = '\0'\n")


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n"])
def test_empty(content):
    assert "solution.py is empty" in sentence(content)


def test_a_web_page():
    assert "solution.py is a web page" in sentence(b"<!doctype html>\n<html>...")


def test_a_text_that_says_ustar_where_a_tar_archive_does_is_no_archive():
    text = "#" * 257 + "ustar\n"
    assert decode(text.encode()) == text


def test_an_encoding_that_is_none():
    assert "name an encoding that Python does not know" in sentence(b"# coding: klingon\nx = 1\n")


@pytest.mark.parametrize("codec", ["punycode", "zlib", "rot13", "utf-7", "unicode_escape", "idna"])
def test_an_encoding_that_hides_or_stalls(codec):
    assert "which is not accepted here" in sentence(f"# coding: {codec}\nx = 1\n".encode())


def test_source_that_would_crash_a_parser_is_only_decoded():
    text = "x = " + "-" * 900_000 + "1\n"
    assert decode(text.encode()) == text


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_characters="\0\ufeff", codec="utf-8"), min_size=1))
def test_whatever_is_utf8_comes_back(text):
    text = "#\n#\n" + text
    assert decode(text.encode()) == text


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"", b"# coding: ", b"\xef\xbb\xbf"]), st.binary())
def test_any_bytes_are_text_or_one_sentence(beginning, content):
    try:
        text = decode(beginning + content)
    except BadSource:
        return
    assert isinstance(text, str)
