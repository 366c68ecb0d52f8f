"""Families of known submissions in one file: what a case's code and description become."""

import ast
import textwrap

import pytest

from autograder.engine.corpus_files import read_cases
from autograder.errors import BadCorpus

FAMILY = '''"""A family."""

import os
from pathlib import Path, PurePath

CLOSED = {"checks": ["1a.*"], "verdicts": ["error"]}
SIZE = 3


def helper():
    """Return a path."""
    return Path("x") / str(SIZE)


@cheat("opens a file", **CLOSED)
def opens():
    # why
    def f(input):
        return open(helper())


@legal("says something", checks=["2a.*"], verdicts=["correct"])
def says():
    TEXT = """first
    second"""

    def f(os):
        return os + TEXT


@fault("looks twice", problem="twice", **CLOSED)
def looks():
    os.stat(PurePath("y"))
'''


def cases(tmp_path, text=FAMILY):
    path = tmp_path / "family.py"
    path.write_text(text)
    return {case.name: case for case in read_cases(path)}


def test_read_cases_returns_titles_kinds_and_values(tmp_path):
    read = cases(tmp_path)
    assert [(c.name, c.decorator, c.title) for c in read.values()] == [
        ("opens", "cheat", "opens a file"),
        ("says", "legal", "says something"),
        ("looks", "fault", "looks twice"),
    ]
    assert read["opens"].values == {"checks": ["1a.*"], "verdicts": ["error"]}
    assert read["looks"].values == {"problem": "twice", "checks": ["1a.*"], "verdicts": ["error"]}
    assert read["opens"].place.endswith("family.py, line 16")


def test_read_cases_puts_what_a_case_uses_above_it_and_nothing_else(tmp_path):
    read = cases(tmp_path)
    opens = "from pathlib import Path\n\n\nSIZE = 3\n\n\ndef helper():\n"
    assert (
        ast.unparse(ast.parse(read["opens"].code))
        .replace("\n", "")
        .startswith(
            ast.unparse(ast.parse(opens + "    pass")).replace("\n", "").removesuffix("    pass")
        )
    )
    assert "PurePath" not in read["opens"].code
    assert read["opens"].code.endswith("# why\ndef f(input):\n    return open(helper())\n"), (
        "the body stands at the left, with its comments"
    )
    assert read["looks"].code == (
        "import os\nfrom pathlib import PurePath\n\n\nos.stat(PurePath('y'))\n".replace(
            "'y'", '"y"'
        )
    )


def test_read_cases_leaves_strings_and_parameters_alone(tmp_path):
    code = cases(tmp_path)["says"].code
    assert code.startswith('TEXT = """first\n    second"""\n'), "os is a parameter here"


def test_read_cases_runs_nothing(tmp_path):
    text = FAMILY.replace("SIZE = 3", 'SIZE = open("/nonexistent")')
    assert 'SIZE = open("/nonexistent")' in cases(tmp_path, text)["opens"].code


def test_read_cases_reads_a_file_of_a_single_case(tmp_path):
    text = '"""\nfault = "does nothing"\n"""\n\nx = 1\n'
    (case,) = cases(tmp_path, text).values()
    assert (case.name, case.decorator, case.values) == ("family", "", {"fault": "does nothing"})
    assert case.code == text


@pytest.mark.parametrize(
    ("decorator", "reason"),
    [
        ("cheat(**MISSING)", "expected a title and keywords made of literals"),
        ("cheat('a', 'b')", "expected a title"),
        ("cheat(checks=['1a.*'])", "expected a title"),
        ("cheat('a', checks=sorted([]))", "made of literals"),
    ],
)
def test_read_cases_names_file_line_and_reason(tmp_path, decorator, reason):
    text = textwrap.dedent(f"""
        @{decorator}
        def nothing():
            pass
        """)
    with pytest.raises(BadCorpus, match=reason) as refused:
        cases(tmp_path, text)
    assert "family.py, line 3" in str(refused.value)


def test_read_cases_refuses_what_is_not_python(tmp_path):
    with pytest.raises(BadCorpus, match="is not Python"):
        cases(tmp_path, "def f(:\n")
