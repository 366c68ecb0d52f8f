"""The text of solution.py, decoded as Python would, or one sentence on why there is none."""

import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.intake.decode_source import BadSource, Source, decode

TEXT = "# Zoë\nname = 'déjà vu'\n"


def sentence(content):
    with pytest.raises(BadSource) as caught:
        decode(content)
    message = str(caught.value)
    assert message.endswith(".")
    assert message.isprintable()
    return message


def test_decode_reads_utf8():
    assert decode(TEXT.encode()) == Source(TEXT)


def test_decode_removes_a_bom():
    assert decode(b"\xef\xbb\xbf" + TEXT.encode()) == Source(TEXT)


@pytest.mark.parametrize("cookie", ["# -*- coding: latin-1 -*-\n", "#!python\n# coding=cp1252\n"])
def test_decode_reads_declared_latin1(cookie):
    assert decode((cookie + TEXT).encode("latin-1")) == Source(cookie + TEXT)


def test_decode_reads_latin1_before_and_after_its_declaration():
    text = "# Zoë wrote this in latin-1\n# coding: latin-1 déjà\nx = 'é'\n"
    assert decode(text.encode("latin-1")) == Source(text)


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        ("latin-1", "# L\u00f6sung von J\u00fcrgen"),
        ("gb18030", "# \u91cf\u5316\u51fd\u6570\uff1a\u6743\u91cd\u548c\u6fc0\u6d3b\u503c"),
        ("shift_jis", "# \u91cf\u5b50\u5316 \u30b9\u30b1\u30fc\u30eb"),
        (
            "cp1251",
            "# \u041a\u0432\u0430\u043d\u0442 \u0432\u0435\u0441\u043e\u0432",
        ),
        ("cp949", "# \uc591\uc790\ud654 \ud568\uc218"),
    ],
)
def test_decode_recognizes_an_encoding_that_is_not_named(encoding, line):
    code = "scale = 0.1\n" * 200
    source = decode(f"{line}\n{code}".encode(encoding))
    assert source.text.split("\n", 1)[1] == code  # a comment may be read in another alphabet
    assert source.encoding not in ("", "utf-8")


def test_decode_refuses_bytes_that_fit_no_encoding():
    message = sentence(b"x = 1\r\n" * 6 + b"s = '\x81\xff\x00'\r\n".replace(b"\0", b"\x01"))
    assert message.startswith("Line 7 of solution.py is not UTF-8 (byte 0x81): save")


def test_decode_guesses_quickly():
    started = time.perf_counter()
    decode(b"\xe9\n" * 500_000)
    assert time.perf_counter() - started < 5


def test_decode_without_the_library_refuses(monkeypatch):
    monkeypatch.setitem(sys.modules, "charset_normalizer", None)
    assert "is not UTF-8" in sentence(TEXT.encode("latin-1"))


def test_decode_prefers_utf8_to_a_declaration_that_does_not_fit():
    text = "# coding: ascii\ns = '\u00e9'\n"
    assert decode(text.encode()).text == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_decode_reads_wide_encodings(encoding):
    text = TEXT + "x = 1\n" * 20
    assert decode(text.encode(encoding)) == Source(text, encoding[:6].upper())


def test_decode_refuses_utf16_that_is_cut_off():
    assert "begins in UTF-16 and continues otherwise" in sentence(TEXT.encode("utf-16")[:-1])


def test_decode_refuses_a_nul_byte():
    assert "Line 3 of solution.py holds a NUL byte" in sentence(b"x = 1\n\ny = '\0'\n")


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n"])
def test_decode_refuses_empty_source(content):
    assert "solution.py is empty" in sentence(content)


def test_decode_refuses_a_web_page():
    assert "solution.py is a web page" in sentence(b"<!doctype html>\n<html>...")


def test_decode_accepts_text_that_resembles_a_tar_archive():
    text = "#" * 257 + "ustar\n"
    assert decode(text.encode()) == Source(text)


def test_decode_refuses_an_unknown_encoding():
    assert "name an encoding that Python does not know" in sentence(b"# coding: klingon\nx = 1\n")


@pytest.mark.parametrize("codec", ["punycode", "zlib", "rot13", "utf-7", "unicode_escape", "idna"])
def test_decode_refuses_an_unsafe_encoding(codec):
    assert "which is not accepted here" in sentence(f"# coding: {codec}\nx = 1\n".encode())


def test_decode_does_not_parse_the_source():
    text = "x = " + "-" * 900_000 + "1\n"
    assert decode(text.encode()) == Source(text)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_characters="\0\ufeff", codec="utf-8"), min_size=1))
def test_decode_returns_any_utf8_text(text):
    text = "#\n#\n" + text
    assert decode(text.encode()) == Source(text)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"", b"# coding: ", b"\xef\xbb\xbf"]), st.binary())
def test_decode_returns_text_or_raises_bad_source(beginning, content):
    try:
        text = decode(beginning + content).text
    except BadSource:
        return
    assert isinstance(text, str)
