"""The cases of hostile, faulty and unusual submissions: each says what it is and what must come."""

import fnmatch
from collections import Counter

import pytest

from autograder.engine.corpus import AttackCase, BadCorpus, load_attacks
from autograder.engine.record import Verdict
from autograder.engine.rubric import load_rubric

CASES = {case.name: case for case in load_attacks()}
RIGHT = {"correct", "awaiting_marking"}

CHEAT = '''"""
attack = "does nothing"
kind = "cheat"
checks = ["1a.*"]
verdicts = ["error"]
"""


def f():
    return 1
'''


@pytest.mark.parametrize("name", CASES)
def test_load_attacks_returns_complete_cases(name):
    case = CASES[name]
    assert case.attack
    assert not case.attack.endswith(".")
    assert set(case.verdicts) <= {str(verdict) for verdict in Verdict}
    assert "grader_fault" not in case.verdicts
    for pattern in case.checks:
        assert fnmatch.filter(load_rubric().items, pattern), f"no check is called {pattern}"
    if case.kind == "legal":
        assert set(case.verdicts) <= RIGHT
    elif case.kind != "refused":
        assert not set(case.verdicts) & RIGHT


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if "def build(" in case.code]
)
def test_attack_case_builds_its_files(name):
    assert callable(CASES[name].build())


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.kind == "refused"])
def test_attack_case_that_is_refused_has_files_and_a_reason(name):
    assert CASES[name].build() is not None
    assert CASES[name].problem


def test_load_attacks_repeats_no_attack_in_a_family():
    tried = Counter((name.partition("/")[0], case.attack) for name, case in CASES.items())
    assert [attack for attack, times in tried.items() if times > 1] == []


def test_load_attacks_returns_enough_cases_of_each_kind():
    assert len(CASES) >= 550
    kinds = Counter(case.kind for case in CASES.values())
    assert min(kinds[kind] for kind in ("cheat", "fault", "legal", "refused")) >= 20


def write(folder, text):
    path = folder / "family" / "nothing.py"
    path.parent.mkdir()
    path.write_text(text)
    return folder


def test_attack_case_source_begins_with_stub_or_reference(tmp_path):
    (cheat,) = load_attacks(write(tmp_path, CHEAT))
    assert (cheat.name, cheat.checks, cheat.build()) == ("family/nothing", ("1a.*",), None)
    assert cheat.source("reference", "stub") == f"stub\n\n{CHEAT}"
    fault = AttackCase("family/fault", CHEAT, "does nothing", "fault", ("1a.*",), ("error",))
    assert fault.source("reference", "stub") == f"reference\n\n{CHEAT}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CHEAT.replace('kind = "cheat"\n', ""), "lacks a key"),
        (CHEAT.replace('"cheat"', '"trick"'), "kind must be one of"),
        (CHEAT.replace("checks =", "cheks ="), "unknown keys cheks"),
        (CHEAT.replace('["1a.*"]', "[]"), "need checks and verdicts"),
        (CHEAT.replace('["error"]', "[]"), "need checks and verdicts"),
        (CHEAT.replace('"cheat"', '"refused"'), "all but refused cases"),
        (CHEAT.replace('"does nothing"', "nothing"), "no docstring in TOML"),
    ],
)
def test_load_attacks_names_the_file_of_a_mistake(tmp_path, text, reason):
    with pytest.raises(BadCorpus, match=reason) as refused:
        load_attacks(write(tmp_path, text))
    assert "nothing.py" in str(refused.value)
