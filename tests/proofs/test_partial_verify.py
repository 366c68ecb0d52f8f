"""`verify --check` proves some checks, and proposes `caught_by` as a patch that git applies."""

import shutil
import subprocess
from dataclasses import replace

import pytest

from authoring.verify.caught_by_patch import Proposal, find_proposals, make_patch
from authoring.verify.command import affected_mutants
from authoring.verify.matrix import build_matrix, find_problems
from autograder.engine.corpus import MUTANTS, load_mutants
from tests.proofs.test_problems import MUTANT, OTHER, RIGHT, proof, row

ONLY = ("1a.f.first", "1a.f.second", "1a.g.only")


def test_find_problems_of_some_checks_ignores_those_that_were_not_graded():
    elsewhere = replace(MUTANT, caught_by=("1a.f.first", "1a.f.second", "1a.h.not_graded"))
    matrix = proof(row(RIGHT, 2, 2, 2, flags=("Only some checks",)), row(elsewhere, 0, 1, 2))
    assert find_problems(matrix, only=ONLY) == []


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([row(RIGHT, 2, 1, 2), row(MUTANT, 0, 0, 2)], "loses points in 1a.f.s"),
        ([row(MUTANT, 0, 2, 2)], "must lose points in 1a.f.second, and does not"),
        ([row(replace(MUTANT, caught_by=()), 0, 0, 2)], "1a.f.first, which it does not break"),
        ([row(MUTANT, 2, 2, 2)], "1a.f.first takes points from no mutant"),
    ],
)
def test_find_problems_of_some_checks_finds_each_problem(rows, sentence):
    problems = find_problems(proof(*rows), only=ONLY)
    assert any(sentence in problem for problem in problems)


def test_affected_mutants_are_those_of_the_family_and_new_ones():
    new = replace(OTHER, name="h/new", caught_by=())
    mutants = [MUTANT, replace(MUTANT, name="f/other", caught_by=("1a.x.y",)), OTHER, new]
    names = [mutant.name for mutant in affected_mutants(mutants, {"1a.f.first"})]
    assert names == ["f/wrong", "f/other", "h/new"]


def test_find_proposals_keeps_checks_that_were_not_graded():
    mutant = replace(MUTANT, caught_by=("1a.f.first", "1a.h.not_graded"))
    (proposal,) = find_proposals(build_matrix([row(mutant, 0, 0, 2)]), ONLY)
    assert proposal.caught_by == ("1a.h.not_graded", "1a.f.first", "1a.f.second")
    assert find_proposals(build_matrix([row(MUTANT, 0, 0, 2)]), ONLY) == []


def test_patch_is_applied_by_git_and_declares_the_checks(tmp_path):
    """A mutant without caught_by and one with a wrong one get what they had before."""
    folder = tmp_path / "mutants"
    shutil.copytree(MUTANTS, folder)
    path = folder / "linear_dequantize.py"
    text = path.read_text()
    names = {"linear_dequantize/divides_by_scale", "linear_dequantize/rounds"}
    before = {m.name: m.caught_by for m in load_mutants(folder)}
    first, second = text.index("def divides_by_scale"), text.index("def rounds")
    cut = text.rindex("    caught_by=ALL,\n", 0, first)
    wrong = text.rindex("    caught_by=ALL,\n", 0, second)
    line = "    caught_by=ALL,\n"
    path.write_text(
        text[:cut]
        + text[cut + len(line) : wrong]
        + '    caught_by=["1a.linear_dequantize.values"],\n'
        + text[wrong + len(line) :]
    )
    mutants = [m for m in load_mutants(folder) if m.name in names]
    assert all(m.caught_by != before[m.name] for m in mutants)
    patch = make_patch([Proposal(m, before[m.name]) for m in mutants], folder, tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=tmp_path, check=True)
    assert {m.name: m.caught_by for m in load_mutants(folder)} == before
    assert make_patch([], folder, tmp_path) == ""
