"""What stands in for a function of the student's brings only what it needs along."""

import ast

import pytest

from autograder.closure import closure
from autograder.sandbox.execute import load_module

SOURCE = """
import math
from math import pi
LIMIT = 3
def helper(x):
    return x + LIMIT
def asked(x):
    return helper(x) * pi
def other(x):
    return asked(x) - 1
class Unused:
    pass
"""


def names(source):
    return {
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


def test_only_what_the_function_reaches_is_taken():
    taken = closure(SOURCE, "asked")
    assert names(taken) == {"helper", "asked"}
    assert load_module(taken, "taken").asked(2) == pytest.approx(5 * 3.141592653589793)


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(KeyError):
        closure(SOURCE, "nothing")


@pytest.mark.parametrize(
    ("name", "never"),
    [
        ("linear_quantize", {"reset_scale_and_zero_point", "_quantize_func_STE"}),
        ("linear_dequantize", {"reset_scale_and_zero_point"}),
        ("get_scale", {"reset_scale_and_zero_point"}),
        ("integer_linear", {"quantized_linear_function", "integer_conv2d"}),
        ("integer_conv2d", {"quantized_conv2d_function"}),
    ],
)
def test_a_stand_in_never_holds_the_function_that_leans_on_it(oracle, name, never):
    taken = names(oracle.code(name).source)
    assert name in taken
    assert not never & taken
