"""Functions that take scales in one form only: the layers call them in that form."""

import re
import types

import pytest
import torch
from IPython.core.ultratb import VerboseTB

from autograder.engine.corpus import load_alternatives
from quantlab.network.quantization import quantize_model
from quantlab.protocol.execute import load_module
from quantlab.protocol.scale_forms import InAnyForm

ALTERNATIVES = {alternative.name: alternative for alternative in load_alternatives()}


def functions(name: str, reference_source: str) -> types.ModuleType:
    return load_module(ALTERNATIVES[name].source(reference_source), name)


@pytest.mark.parametrize("name", ["scales_are_tensors", "scales_are_numbers"])
def test_quantize_model_takes_scales_in_either_form(
    name: str, reference_source, float_model, pixels, ops
) -> None:
    images = torch.zeros(4, 3, 32, 32).uniform_(-1, 1)
    expected = quantize_model(float_model, ops, 4, 4, "sym", pixels)
    model = quantize_model(float_model, functions(name, reference_source), 4, 4, "sym", pixels)
    assert torch.allclose(model(images), expected(images), atol=1e-4)
    model.train()(images).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("name", ["scales_are_tensors", "scales_are_numbers"])
@pytest.mark.parametrize("scale", [0.25, torch.tensor(0.25)])
@pytest.mark.parametrize("zero", [0, torch.tensor(0)])
def test_in_any_form_converts_every_form(name: str, scale, zero, reference_source) -> None:
    student = InAnyForm(functions(name, reference_source))
    x = torch.linspace(-1, 1, 9)
    codes = student.linear_quantize(x, scale, zero_point=zero, N_bits=3)
    assert torch.equal(codes, torch.clamp(torch.round(x / 0.25), -4, 3))


def test_in_any_form_makes_no_second_attempt_without_memory() -> None:
    attempts = []

    def linear_dequantize(input, scale, zero_point):
        attempts.append(scale)
        raise MemoryError

    student = InAnyForm(types.SimpleNamespace(linear_dequantize=linear_dequantize))
    with pytest.raises(MemoryError):
        student.linear_dequantize(torch.zeros(2), 0.5, 0)
    assert len(attempts) == 1


def test_traceback_in_a_notebook_shows_the_student_and_not_the_forms() -> None:
    student = InAnyForm(load_module("def linear_dequantize(x, s, z):\n    return sx * x\n"))
    try:
        student.linear_dequantize(torch.zeros(2), 0.5, 0)
    except NameError as error:
        shown = VerboseTB().text(type(error), error, error.__traceback__)
    shown = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert "return sx * x" in shown
    assert "in_any_form" not in shown


def test_in_any_form_follows_a_function_that_is_replaced() -> None:
    module = types.SimpleNamespace(linear_dequantize=lambda x, s, z: 1)
    student = InAnyForm(module)
    call = student.linear_dequantize
    module.linear_dequantize = lambda x, s, z: 2
    assert call(None, 0.5, 0) == 2
