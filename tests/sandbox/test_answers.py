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


def test_a_chain_of_calls_with_gradients(sandbox: Sandbox) -> None:
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


def test_gradients_are_taken_at_several_points_of_one_chain(sandbox: Sandbox) -> None:
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


def test_a_result_cut_off_from_its_input_has_no_gradient(sandbox: Sandbox) -> None:
    call = Call("detached", (Input("x"),), cotangent=np.ones((2, 3), np.float32), wrt=("x",))
    assert run_both(sandbox, Program((call,), {"x": X})).gradients == ({"x": None},)


def test_a_result_of_another_shape_has_no_gradient(sandbox: Sandbox) -> None:
    call = Call("dequantize", (Input("x"), 2.0), cotangent=np.ones(7, np.float32), wrt=("x",))
    assert run_both(sandbox, Program((call,), {"x": X})).gradients == ({"x": None},)


def test_values_of_every_kind_arrive_and_come_back(sandbox: Sandbox) -> None:
    values: tuple[Any, ...] = (1, 0.1, True, None, "é", (1, [2, {"k": 3, 4: np.arange(3)}]))
    answer = run_both(sandbox, Program((Call("echo", values, {"flag": False}),)))
    (args, kwargs) = answer.results[0]
    assert args[:5] == values[:5]
    assert kwargs == {"flag": False}
    assert args[5][1][1][4].tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int32", "int64", "float16", "float64"])
def test_arrays_keep_their_dtype_and_shape(sandbox: Sandbox, dtype: str) -> None:
    arrays = (np.array(1).astype(dtype), np.zeros((0, 3), dtype), np.ones((1, 2, 3), dtype))
    answer = run_both(sandbox, Program((Call("echo", arrays),)))
    for sent, back in zip(arrays, answer.results[0][0], strict=True):
        assert (back.dtype, back.shape) == (sent.dtype, sent.shape)


def test_arrays_reach_the_student_as_tensors(sandbox: Sandbox) -> None:
    answer = run_both(sandbox, Program((Call("kinds", (Input("x"), X, 1.0)),), {"x": X}))
    assert answer.results[0] == ["Tensor", "Tensor", "float"]


def test_a_change_of_an_input_is_seen_and_does_not_change_ours(sandbox: Sandbox) -> None:
    before = X.copy()
    program = Program((Call("double_in_place", (Input("x"),)),), {"x": X}, return_inputs=True)
    answer = run_both(sandbox, program)
    np.testing.assert_array_equal(answer.results[0], 2 * X)
    # The function also returned its argument's memory, which is written over at the end.
    np.testing.assert_array_equal(answer.inputs["x"], 2 * X + 1)
    np.testing.assert_array_equal(X, before)


def test_a_later_change_does_not_reach_an_earlier_result(sandbox: Sandbox) -> None:
    program = Program(
        (Call("double_in_place", (Input("x"),)), Call("double_in_place", (Result(0),))), {"x": X}
    )
    answer = run_both(sandbox, program)
    np.testing.assert_array_equal(answer.results[0], 2 * X)
    np.testing.assert_array_equal(answer.results[1], 4 * X)


def test_a_stand_in_replaces_a_name_for_one_call_only(sandbox: Sandbox) -> None:
    secret = np.array([10.0, 20.0])
    call = Call("layer", (Input("x"), 2.0), stand_ins={"integer_conv2d": Constant(secret)})
    answer = run_both(sandbox, Program((call, Call("layer", (Input("x"), 2.0))), {"x": X}))
    assert answer.results[0].tolist() == [20.0, 40.0]
    assert answer.results[1].shape == ()


def test_a_stand_in_for_a_name_that_is_absent_goes_away_again() -> None:
    module = load_module("def f(): return g()", "no_g")
    stood_in = Program((Call("f", stand_ins={"g": Constant(5)}),))
    assert run_program(module, stood_in).results == (5,)
    assert not hasattr(module, "g")


def test_a_stand_in_goes_away_when_the_call_fails() -> None:
    module = load_module("def f(x): return x\ndef g(): return 1", "failing")
    with pytest.raises(TypeError):
        run_program(module, Program((Call("f", stand_ins={"g": Constant(5)}),)))
    assert module.g() == 1


def test_random_numbers_follow_the_seed(sandbox: Sandbox) -> None:
    first = run_both(sandbox, Program((Call("draw"),), seed=1))
    again = run_both(sandbox, Program((Call("draw"),), seed=1))
    other = run_both(sandbox, Program((Call("draw"),), seed=2))
    np.testing.assert_equal(first.results, again.results)
    assert first.results[0][1] != other.results[0][1]


LOSS = AdditiveLoss(92.0, {"a": {2: 5.0, 8: 0.5}, "b": {8: 0.25}}, budget=2)


def test_an_additive_loss_is_the_ceiling_less_the_losses(sandbox: Sandbox) -> None:
    answer = run_both(sandbox, Program((Call("search", (("a", "b"), LOSS)),)))
    assert answer.results[0] == (91.25, 86.75)


def test_the_budget_of_evaluations_is_kept(sandbox: Sandbox) -> None:
    outcome = sandbox.run(SOLUTION, Program((Call("greedy", (LOSS,)),)))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.exception) == ("error", "RuntimeError")
    assert "2 times" in outcome.message


@pytest.mark.parametrize(
    ("bits", "said"),
    [({"a": 8}, "each of the layers"), ({"a": 8, "b": 2}, "no candidate"), ({}, "none")],
)
def test_an_evaluation_of_something_else_is_an_error(bits: dict[str, int], said: str) -> None:
    module = load_module("def f(evaluate, bits): return evaluate(bits)", "evaluating")
    with pytest.raises(ValueError, match=said):
        run_program(module, Program((Call("f", (LOSS, bits)),)))


def test_an_absent_function_raises_in_this_process_too() -> None:
    with pytest.raises(AbsentFunction, match="no function f"):
        run_program(load_module("", "nothing"), Program((Call("f"),)))


def test_a_program_that_cannot_be_sent_is_the_fault_of_its_author(sandbox: Sandbox) -> None:
    with pytest.raises(WireError):
        sandbox.run(SOLUTION, Program((Call("echo", (object(),)),)))


def test_torch_computes_on_one_thread_with_the_same_instructions(sandbox: Sandbox) -> None:
    source = "import torch\ndef f(): return torch.get_num_threads()"
    outcome = sandbox.run(source, Program((Call("f"),)))
    assert isinstance(outcome, Answer)
    assert outcome.results == (1,)
    assert sandbox.arithmetic == (
        f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"
    )


def test_big_tensors_go_both_ways(sandbox: Sandbox) -> None:
    big = np.arange(1 << 20, dtype=np.float32)
    answer = sandbox.run(SOLUTION, Program((Call("dequantize", (Input("x"), 2.0)),), {"x": big}))
    assert isinstance(answer, Answer), answer
    np.testing.assert_array_equal(answer.results[0], 2 * big)
