"""Files of known submissions: what they may say, and how a slip in one is told."""

from pathlib import Path

import pytest

from autograder.engine.corpus import (
    BadCorpus,
    load_alternatives,
    load_attacks,
    load_mutants,
    load_odd_cases,
)

RIGHT = '''"""
fault = "does nothing"
sentence = "Nothing was done."
caught_by = ["1a.reset.sym"]
"""


def f():
    return 1
'''


def write(folder, text, name="get_scale/nothing.py"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder


def test_load_mutants_reads_name_and_code_of_a_file(tmp_path):
    (mutant,) = load_mutants(write(tmp_path, RIGHT))
    assert (mutant.name, mutant.folder, mutant.breaks) == ("get_scale/nothing", "get_scale", "1a")
    assert mutant.in_solution
    assert mutant.source("x = 1\n").startswith("x = 1\n")
    assert mutant.source("x = 1\n").endswith(RIGHT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(): pass\n", "lacks a key"),
        ('"""not toml"""\n', "no docstring in TOML"),
        ("def f(:\n", "is not Python"),
        (RIGHT.replace("fault =", "fualt ="), "unknown keys fualt"),
        (RIGHT.replace('"1a.reset.sym"', '"1a.reset.sym", "2a.STE.forward"'), "one question"),
        (RIGHT.replace('"1a.reset.sym"]', '"1a.reset.sym"]\nflagged = true'), "one question"),
    ],
)
def test_load_mutants_names_the_file_of_a_mistake(tmp_path, text, reason):
    with pytest.raises(BadCorpus, match=reason) as refused:
        load_mutants(write(tmp_path, text))
    assert "nothing.py" in str(refused.value)


def test_load_mutants_accepts_a_new_mutant_without_checks(tmp_path):
    """`verify` proposes them; the corpus itself has none."""
    (mutant,) = load_mutants(write(tmp_path, RIGHT.replace('["1a.reset.sym"]', "[]")))
    assert mutant.caught_by == ()
    assert all(mutant.caught_by or mutant.flagged for mutant in load_mutants())


def test_mutant_changes_its_table(tmp_path):
    text = RIGHT.replace("def f():\n    return 1", "def falsify(record):\n    record['a'] = 2")
    (mutant,) = load_mutants(write(tmp_path, text, "answers/nothing.py"))
    record = {"a": 1}
    mutant.change()(record)
    assert record == {"a": 2}
    assert mutant.source("x = 1\n") == "x = 1\n"


def test_alternative_source_is_alone_if_whole(tmp_path):
    text = '"""\ndiffers = "is alone"\nwhole = true\n"""\n'
    write(tmp_path, text, "alone.py")
    write(tmp_path, '"""\ndiffers = "is appended"\n"""\n', "appended.py")
    alone, appended = load_alternatives(tmp_path)
    assert alone.source("x = 1\n") == text
    assert appended.source("x = 1\n").startswith("x = 1\n")


def test_corpus_files_have_unique_descriptions():
    mutants, alternatives = load_mutants(), load_alternatives()
    assert len({(mutant.folder, mutant.fault) for mutant in mutants}) == len(mutants)
    assert len({alternative.differs for alternative in alternatives}) == len(alternatives)
    for mutant in mutants:
        assert mutant.sentence.endswith("."), mutant.name
        assert len(mutant.sentence) <= 300, mutant.name
        assert not mutant.fault.endswith("."), mutant.name


def test_load_returns_the_listed_cases():
    """A case that is lost, renamed or expected to end otherwise changes the list in this folder."""
    listed = (Path(__file__).parent / "corpus.txt").read_text().splitlines()
    assert listed == list(described_corpus()), (
        "if this is meant: python -m tests.proofs.test_corpus > tests/proofs/corpus.txt"
    )


def described_corpus():
    """Yield a line per case: its id, and what must come of it."""
    for attack in load_attacks():
        expected = [attack.kind, *attack.checks, *attack.verdicts, attack.problem]
        yield " ".join([f"attacks/{attack.name}", *filter(None, expected)])
    for alternative in load_alternatives():
        yield f"correct/{alternative.name}{' whole' * alternative.whole}"
    for mutant in load_mutants():
        marks = ["flagged"] * mutant.flagged + ["unnamed"] * (not mutant.named)
        sometimes = [f"sometimes:{check}" for check in mutant.sometimes]
        yield " ".join([f"mutants/{mutant.name}", *mutant.caught_by, *sometimes, *marks])


def test_load_refuses_a_case_that_is_there_twice(tmp_path):
    write(tmp_path, RIGHT)
    write(
        tmp_path,
        '@mutant("x", sentence="y.", caught_by=["1a.reset.sym"])\ndef nothing():\n    pass\n',
        "get_scale.py",
    )
    with pytest.raises(BadCorpus, match="get_scale/nothing is also in"):
        load_mutants(tmp_path)


ODD = """
@noted("has another name", says="was used", checks=["1c.*"])
def x():
    def build(folder):
        (folder / "a").write_text("b")
"""


def test_load_odd_cases_reads_a_case_that_changes_a_folder(tmp_path):
    (case,) = load_odd_cases(write(tmp_path, ODD, "names.py"))
    assert (case.name, case.kind, case.says) == ("names/x", "noted", "was used")
    assert case.build(tmp_path) == tmp_path
    assert (tmp_path / "a").read_text() == "b"


@pytest.mark.parametrize(
    "text", [ODD.replace("noted", "legal"), ODD.replace('says="was used", ', "")]
)
def test_load_odd_cases_refuses_a_case_without_an_outcome(tmp_path, text):
    with pytest.raises(BadCorpus, match="all but final cases need says"):
        load_odd_cases(write(tmp_path, text, "names.py"))


if __name__ == "__main__":
    print("\n".join(described_corpus()))
