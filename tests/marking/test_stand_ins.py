"""What stands in for a function that another leans on: right, and of no use for anything else."""

import ast
from dataclasses import replace

import numpy as np
import pytest

from autograder.checks import ALL_CHECKS
from autograder.checks.call import CallCheck
from autograder.engine.secret import StudentRandom
from autograder.paths import STAND_INS
from quantlab.protocol.execute import load_module, run_program

NAMES = sorted(path.stem for path in STAND_INS.glob("*.py"))
CHECKS = [check for check in ALL_CHECKS if isinstance(check, CallCheck)]


def test_stand_ins_exist_for_every_dependency_of_a_check():
    assert {name for check in CHECKS for name in check.depends_on} == set(NAMES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_reference_gives_equal_results_with_stand_ins(oracle, check):
    program = check.program(StudentRandom(b"a secret of nobody", "ada").generator(check.id))
    stand_ins = {name: oracle.code(name) for name in NAMES if name != program.calls[0].target}
    replaced = tuple(
        replace(call, stand_ins={**stand_ins, **call.stand_ins}) for call in program.calls
    )
    module = load_module(oracle.source, "reference_with_stand_ins")
    with_them = run_program(module, replace(program, calls=replaced))
    assert_same(with_them.results, oracle.answer(program).results)


@pytest.mark.parametrize("name", NAMES)
def test_stand_in_contains_a_single_independent_function(oracle, name):
    tree = ast.parse(oracle.code(name).source)
    kinds = [type(node) for node in tree.body if not isinstance(node, ast.Import)]
    assert kinds == [ast.Expr, ast.FunctionDef]  # a docstring, and the function


def assert_same(got, expected):
    if isinstance(expected, (tuple, list)):
        assert len(got) == len(expected)
        for part, other in zip(got, expected, strict=True):
            assert_same(part, other)
    elif isinstance(expected, dict):
        assert got == expected
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-12)
