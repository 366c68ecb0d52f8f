"""A cell that needs an unwritten function says so at once."""

import types
from pathlib import Path

import pytest
import torch

from instructor import solution
from quantlab.errors import NotImported
from quantlab.notebook.estimator import pass_estimator
from quantlab.notebook.needs import needs
from quantlab.notebook.session import waiting

KIT = Path(__file__).resolve().parents[2]
ALL = ("1a", "2a", "2b", "3")


def module_of(source: str) -> types.ModuleType:
    module = types.ModuleType("solution of a test")
    exec(source, vars(module))
    return module


def test_needs_accepts_the_reference() -> None:
    needs(solution, *ALL)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("1a", "linear_quantize"),
        ("2a", "_quantize_func_STE"),
        ("2b", "integer_linear"),
        ("3", "variable_precision_search"),
    ],
)
def test_needs_names_the_first_function_of_a_stub(capsys, question: str, first: str) -> None:
    stub = module_of((KIT / "solution.py").read_text())
    with waiting():
        needs(stub, question)
        raise AssertionError("the cell continued")
    assert capsys.readouterr().out.startswith(f"Waiting for question {question}: {first} in")


def test_needs_names_the_first_of_some_functions(capsys) -> None:
    stub = module_of((KIT / "solution.py").read_text())
    with waiting():
        needs(stub, "linear_dequantize", "2a")
    assert capsys.readouterr().out.startswith("Waiting for question 1a: linear_dequantize in")


def test_waiting_explains_an_estimator_without_a_gradient(capsys) -> None:
    ops = types.SimpleNamespace(**vars(solution))
    ops.linear_quantize_STE = lambda x, s, z, b: solution.linear_quantize(x, s, z, b).int()
    with waiting():
        pass_estimator(ops, torch.zeros(3, requires_grad=True), 0.5, 4)
    printed = capsys.readouterr().out
    assert "No gradient passes linear_quantize_STE: it returns torch.int32, expected " in printed


def test_needs_passes_other_errors_to_the_cell() -> None:
    ops = types.SimpleNamespace(**vars(solution))
    ops.linear_quantize = lambda *_: 1 / 0
    ops.get_scale = lambda x: x  # takes fewer arguments
    del ops.linear_dequantize
    needs(ops, *ALL)


def test_needs_ends_a_search_at_its_first_question() -> None:
    def endless(sizes, evaluate, widths, floor):
        while evaluate(dict.fromkeys(sizes, 8)) >= floor:
            pass

    ops = types.SimpleNamespace(variable_precision_search=endless)
    needs(ops, "3")


def test_needs_says_why_solution_was_not_imported() -> None:
    class Nothing:
        def __getattr__(self, name):
            raise NotImported("solution.py has a syntax error.")

    with pytest.raises(NotImported, match="syntax error"):
        needs(Nothing(), "1a")
