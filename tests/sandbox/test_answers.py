"""What comes back from honest calls is what the same calls give in this process."""

from typing import Any

import numpy as np
import pytest
import torch

from autograder.sandbox.host import Sandbox
from quantlab.errors import AbsentFunction, WireError
from quantlab.protocol.calls import (
    AdditiveLoss,
    Answer,
    Call,
    Constant,
    Failure,
    Input,
    Program,
    Result,
)
from quantlab.protocol.execute import load_module, run_program

SOLUTION = """
import random
import numpy as np
import torch

class STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale):
        ctx.scale = scale
        return torch.round(input / scale)

    @staticmethod
    def backward(ctx, grad):
        return grad / ctx.scale, None

quantize = STE.apply

def dequantize(input, scale):
    return input * scale

def square(x):
    return x * x

def echo(*args, **kwargs):
    return args, kwargs

def kinds(*args):
    return [type(a).__name__ for a in args]

def double_in_place(x):
    x *= 2
    return x

def integer_conv2d(x):
    return x.sum()

def layer(x, scale):
    return scale * integer_conv2d(x)

def draw():
    return torch.randn(2), np.random.rand(), random.random()

def search(sizes, evaluate):
    bits = dict.fromkeys(sizes, 8)
    return evaluate(bits), evaluate({**bits, "a": 2})

def greedy(evaluate):
    while True:
        evaluate({"a": 8, "b": 8})

def detached(x):
    return x.detach() * 2
"""
X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


def run_both(sandbox: Sandbox, program: Program) -> Answer:
    """The answer of the worker, after seeing that it is the one of this process."""
    there = sandbox.run(SOLUTION, program)
    assert isinstance(there, Answer), there
    here = run_program(load_module(SOLUTION, "reference_of_a_test"), program)
    np.testing.assert_equal(
        (there.results, there.gradients, there.inputs), (here.results, here.gradients, here.inputs)
    )
    return there


def test_sandbox_run_returns_gradients_of_a_chain_of_calls(sandbox: Sandbox) -> None:
    cotangent = np.full((2, 3), 3, np.float32)
    program = Program(
        calls=(
            Call("quantize", (Input("x"), 0.5), cotangent=cotangent, wrt=("x",)),
            Call("dequantize", (Result(0), 0.5), cotangent=cotangent, wrt=("x", "unused")),
        ),
        inputs={"x": X, "unused": X},
    )
    answer = run_both(sandbox, program)
    np.testing.assert_array_equal(answer.results[0], np.round(X / np.float32(0.5)))
    np.testing.assert_array_equal(answer.gradients[0]["x"], cotangent / 0.5)
    np.testing.assert_array_equal(answer.gradients[1]["x"], cotangent)
    assert answer.gradients[1]["unused"] is None


def test_sandbox_run_takes_gradients_at_several_points(sandbox: Sandbox) -> None:
    ones = np.ones((2, 3), np.float32)
    program = Program(
        calls=(
            Call("square", (Input("x"),), cotangent=ones, wrt=("x",)),
            Call("square", (Result(0),), cotangent=ones, wrt=("x",)),
        ),
        inputs={"x": X},
    )
    answer = run_both(sandbox, program)
    np.testing.assert_allclose(answer.gradients[0]["x"], 2 * X, rtol=1e-6)
    np.testing.assert_allclose(answer.gradients[1]["x"], 4 * X**3, rtol=1e-5)


def test_sandbox_run_returns_no_gradient_of_a_detached_result(sandbox: Sandbox) -> None:
    call = Call("detached", (Input("x"),), cotangent=np.ones((2, 3), np.float32), wrt=("x",))
    assert run_both(sandbox, Program((call,), {"x": X})).gradients == ({"x": None},)


def test_sandbox_run_returns_no_gradient_if_shapes_differ(sandbox: Sandbox) -> None:
    call = Call("dequantize", (Input("x"), 2.0), cotangent=np.ones(7, np.float32), wrt=("x",))
    assert run_both(sandbox, Program((call,), {"x": X})).gradients == ({"x": None},)


def test_sandbox_run_passes_values_of_every_kind(sandbox: Sandbox) -> None:
    values: tuple[Any, ...] = (1, 0.1, True, None, "é", (1, [2, {"k": 3, 4: np.arange(3)}]))
    answer = run_both(sandbox, Program((Call("echo", values, {"flag": False}),)))
    (args, kwargs) = answer.results[0]
    assert args[:5] == values[:5]
    assert kwargs == {"flag": False}
    assert args[5][1][1][4].tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int32", "int64", "float16", "float64"])
def test_sandbox_run_keeps_dtype_and_shape_of_arrays(sandbox: Sandbox, dtype: str) -> None:
    arrays = (np.array(1).astype(dtype), np.zeros((0, 3), dtype), np.ones((1, 2, 3), dtype))
    answer = run_both(sandbox, Program((Call("echo", arrays),)))
    for sent, back in zip(arrays, answer.results[0][0], strict=True):
        assert (back.dtype, back.shape) == (sent.dtype, sent.shape)


def test_sandbox_run_passes_arrays_as_tensors(sandbox: Sandbox) -> None:
    answer = run_both(sandbox, Program((Call("kinds", (Input("x"), X, 1.0)),), {"x": X}))
    assert answer.results[0] == ["Tensor", "Tensor", "float"]


def test_sandbox_run_returns_changed_inputs_and_keeps_originals(sandbox: Sandbox) -> None:
    before = X.copy()
    program = Program((Call("double_in_place", (Input("x"),)),), {"x": X}, return_inputs=True)
    answer = run_both(sandbox, program)
    np.testing.assert_array_equal(answer.results[0], 2 * X)
    # The function also returned its argument's memory, which is written over at the end.
    np.testing.assert_array_equal(answer.inputs["x"], 2 * X + 1)
    np.testing.assert_array_equal(X, before)


def test_sandbox_run_keeps_earlier_results_from_later_changes(sandbox: Sandbox) -> None:
    program = Program(
        (Call("double_in_place", (Input("x"),)), Call("double_in_place", (Result(0),))), {"x": X}
    )
    answer = run_both(sandbox, program)
    np.testing.assert_array_equal(answer.results[0], 2 * X)
    np.testing.assert_array_equal(answer.results[1], 4 * X)


def test_stand_in_replaces_a_name_for_a_single_call(sandbox: Sandbox) -> None:
    secret = np.array([10.0, 20.0])
    call = Call("layer", (Input("x"), 2.0), stand_ins={"integer_conv2d": Constant(secret)})
    answer = run_both(sandbox, Program((call, Call("layer", (Input("x"), 2.0))), {"x": X}))
    assert answer.results[0].tolist() == [20.0, 40.0]
    assert answer.results[1].shape == ()


def test_run_program_removes_a_stand_in_for_an_absent_name() -> None:
    module = load_module("def f(): return g()", "no_g")
    stood_in = Program((Call("f", stand_ins={"g": Constant(5)}),))
    assert run_program(module, stood_in).results == (5,)
    assert not hasattr(module, "g")


def test_run_program_removes_a_stand_in_if_the_call_fails() -> None:
    module = load_module("def f(x): return x\ndef g(): return 1", "failing")
    with pytest.raises(TypeError):
        run_program(module, Program((Call("f", stand_ins={"g": Constant(5)}),)))
    assert module.g() == 1


def test_sandbox_run_seeds_random_numbers(sandbox: Sandbox) -> None:
    first = run_both(sandbox, Program((Call("draw"),), seed=1))
    again = run_both(sandbox, Program((Call("draw"),), seed=1))
    other = run_both(sandbox, Program((Call("draw"),), seed=2))
    np.testing.assert_equal(first.results, again.results)
    assert first.results[0][1] != other.results[0][1]


LOSS = AdditiveLoss(92.0, {"a": {2: 5.0, 8: 0.5}, "b": {8: 0.25}}, budget=2)


def test_additive_loss_subtracts_losses_from_the_ceiling(sandbox: Sandbox) -> None:
    answer = run_both(sandbox, Program((Call("search", (("a", "b"), LOSS)),)))
    assert answer.results[0] == (91.25, 86.75)


def test_additive_loss_enforces_its_budget(sandbox: Sandbox) -> None:
    outcome = sandbox.run(SOLUTION, Program((Call("greedy", (LOSS,)),)))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.exception) == ("error", "RuntimeError")
    assert "2 times" in outcome.message


@pytest.mark.parametrize(
    ("bits", "reason"),
    [({"a": 8}, "each of the layers"), ({"a": 8, "b": 2}, "no candidate"), ({}, "none")],
)
def test_additive_loss_rejects_other_bit_widths(bits: dict[str, int], reason: str) -> None:
    module = load_module("def f(evaluate, bits): return evaluate(bits)", "evaluating")
    with pytest.raises(ValueError, match=reason):
        run_program(module, Program((Call("f", (LOSS, bits)),)))


def test_run_program_raises_for_an_absent_function() -> None:
    with pytest.raises(AbsentFunction, match="no function f"):
        run_program(load_module("", "nothing"), Program((Call("f"),)))


def test_sandbox_run_raises_for_a_program_it_cannot_send(sandbox: Sandbox) -> None:
    with pytest.raises(WireError):
        sandbox.run(SOLUTION, Program((Call("echo", (object(),)),)))


def test_sandbox_computes_single_threaded_with_the_same_cpu_features(sandbox: Sandbox) -> None:
    source = "import torch\ndef f(): return torch.get_num_threads()"
    outcome = sandbox.run(source, Program((Call("f"),)))
    assert isinstance(outcome, Answer)
    assert outcome.results == (1,)
    assert sandbox.arithmetic == (
        f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"
    )


def test_sandbox_run_passes_big_tensors_both_ways(sandbox: Sandbox) -> None:
    big = np.arange(1 << 20, dtype=np.float32)
    answer = sandbox.run(SOLUTION, Program((Call("dequantize", (Input("x"), 2.0)),), {"x": big}))
    assert isinstance(answer, Answer), answer
    np.testing.assert_array_equal(answer.results[0], 2 * big)
