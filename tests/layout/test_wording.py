"""Docstrings, comments and messages keep to plain words, except names of file formats."""

import ast
import io
import re
import tokenize
from collections import Counter

import pytest

from quantlab.paths import KIT

FORBIDDEN = {
    r"\bhand(?:s|ed|ing)? in\b": "submit",
    r"\bhand-ins?\b": "submission",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\banew\b": "again",
    r"\bnobody(?:'s)?\b": "name who or what",
    r"\ba person(?:'s)?\b": "staff",
    r"\bof whom\b": "whose",
    r"\b(?:comes?|came) of\b": "results from",
    r"\b(?:goes|go|went) on\b": "continues",
    r"\b(?:stands?|stood)(?![ -]in| for\b)\b": "is",
    r"\b(?:lies|lie|lay) (?:in|on|below|above|beside|between|there|inside|outside|away)\b": "is",
    r"\b(?:tells?|told)\b": "report",
    r"(?<!byte order )\bmark(?:s|ed|ing)?\b": "grade, points, score",
    r"\bwalls?\b(?!-clock)": "sandbox",
    r"\bfor ever\b": "forever",
    r"\b(?:to|by|at|of) which of\b": "whose",
}
PACKAGES = ("quantlab", "autograder", "authoring", "baselines", "benchmarks")
FORMATS = (  # names in files of earlier versions, and names of sites
    *(
        "marks.sqlite",
        "CREATE TABLE marks",
        "INTO marks",
        "FROM marks",
        "FROM marks ",
        "marked TEXT",
    ),
    *(
        "JSON of `Marked`",
        "decides, marked",
        "marking_sheets",
        "marking-sheet-",
        "awaiting_marking",
    ),
    *("awaiting marking", "autograder.marking", "blind marking", "from autograder.marking"),
)
_WORDS = re.compile("|".join(f"(?:{pattern})" for pattern in FORBIDDEN), re.IGNORECASE)


def passages(source: str) -> list[tuple[int, str]]:
    """Return the strings and comments of Python source, with their lines."""
    strings = [
        (node.lineno, node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    comments = [
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    return strings + comments


def occurrences(package: str) -> list[str]:
    """Return each forbidden word of a package, as "file:line: word"."""
    return [
        f"{path.relative_to(KIT)}:{line}: {match.group()}"
        for path in sorted((KIT / package).rglob("*.py"))
        for line, text in passages(path.read_text(encoding="utf-8"))
        for match in _WORDS.finditer(_without_formats(text))
    ]


def _without_formats(text: str) -> str:
    for name in FORMATS:
        text = re.sub(re.escape(name).replace(r"\ ", r"\s+"), "", text, flags=re.IGNORECASE)
    return text


@pytest.mark.parametrize("package", PACKAGES)
def test_package_contains_no_forbidden_words(package):
    words = occurrences(package)
    assert not words, "\n".join(words)


def test_passages_include_docstrings_fstrings_and_comments():
    source = '"""Nobody hands in."""\nx = f"{1} is told"  # to be mended\n'
    words = Counter(m.group() for _, text in passages(source) for m in _WORDS.finditer(text))
    assert words == Counter(["Nobody", "hands in", "told", "mended"])
