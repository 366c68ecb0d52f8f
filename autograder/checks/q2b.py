"""Question 2b: integer_linear, integer_conv2d and the quantized layers built on them.

To prove that a layer computes with `integer_linear` or `integer_conv2d`, the integer operation is
replaced by one that returns a secret tensor. The layer's result must be made of that tensor.
"""

import numpy as np
from numpy.random import Generator

from autograder.checks.call import CallCheck, results_by
from autograder.checks.random_inputs import integers, step
from quantlab.protocol.calls import Call, Constant, Input, Program
from quantlab.protocol.comparison import Close, IntegerTensor

X, W, B = Input("input"), Input("weight"), Input("bias")
S_X, S_W = Input("input_scale"), Input("weight_scale")
ACTIVATION = (0, 255)  # unsigned codes at 8 bits
WEIGHT = (-128, 127)  # signed codes at 8 bits

Geometry = tuple[object, object, object, int]  # stride, padding, dilation, groups
PLAIN: Geometry = (1, 0, 1, 1)
GEOMETRIES: tuple[Geometry, ...] = (
    (2, 1, 1, 1),
    ((1, 2), (2, 0), (2, 1), 1),
    (1, 1, 1, 2),
    ((2, 1), (0, 2), (1, 2), 4),
)


def linear(rng: Generator, features: int = 40) -> Program:
    """Return one call of integer_linear."""
    inputs = {
        "input": integers(rng, (7, features), *ACTIVATION),
        "weight": integers(rng, (5, features), *WEIGHT),
    }
    return Program((Call("integer_linear", (X, W)),), inputs)


def linear_beyond_float32(rng: Generator) -> Program:
    """Return calls with odd sums above 2^24, which float32 cannot hold.

    The operands have 8 bits in the first call and 15 bits in the second.
    """
    small = {
        "input": np.full((3, 1001), 255, np.int32) - integers(rng, (3, 1001), 0, 2),
        "weight": np.full((4, 1001), 127, np.int32) - integers(rng, (4, 1001), 0, 2),
    }
    large = {
        "wide_input": integers(rng, (3, 3), 16001, 26001),
        "wide_weight": integers(rng, (4, 3), -26001, -16001),
    }
    calls = (
        Call("integer_linear", (X, W)),
        Call("integer_linear", (Input("wide_input"), Input("wide_weight"))),
    )
    return Program(calls, {**small, **large})


def convolution(rng: Generator, geometries: tuple[Geometry, ...]) -> Program:
    """Return one call of integer_conv2d per geometry."""
    inputs, calls = {}, []
    for number, geometry in enumerate(geometries):
        groups = geometry[3]
        inputs[f"input{number}"] = integers(rng, (2, 4, 9, 11), *ACTIVATION)
        inputs[f"weight{number}"] = integers(rng, (8, 4 // groups, 3, 3), *WEIGHT)
        arguments = (Input(f"input{number}"), Input(f"weight{number}"), *geometry)
        calls.append(Call("integer_conv2d", arguments))
    return Program(tuple(calls), inputs)


def convolution_beyond_float32(rng: Generator) -> Program:
    """Return one call of integer_conv2d with sums above 2^24."""
    inputs = {
        "input": np.full((1, 96, 5, 5), 255, np.int32) - integers(rng, (1, 96, 5, 5), 0, 2),
        "weight": np.full((3, 96, 3, 3), 127, np.int32) - integers(rng, (3, 96, 3, 3), 0, 2),
    }
    return Program((Call("integer_conv2d", (X, W, *PLAIN)),), inputs)


def quantized_linear(rng: Generator) -> Program:
    """Return a call with a bias and one with None."""
    inputs = {
        "input": integers(rng, (7, 24), *ACTIVATION),
        "weight": integers(rng, (5, 24), *WEIGHT),
        "bias": integers(rng, (5,), -40_000, 40_000),
        "input_scale": step(rng),
        "weight_scale": step(rng),
    }
    calls = (
        Call("quantized_linear_function", (X, W, B, S_X, S_W)),
        Call("quantized_linear_function", (X, W, None, S_X, S_W)),
    )
    return Program(calls, inputs)


def quantized_linear_on_secret(rng: Generator) -> Program:
    """Return the same calls with integer_linear replaced by a secret tensor."""
    program = quantized_linear(rng)
    secret = integers(rng, (7, 5), -1_000_000, 1_000_000)
    return _with_stand_in(program, "integer_linear", (secret,) * 2)


def quantized_convolution(rng: Generator, geometries: tuple[Geometry, ...]) -> Program:
    """Return one call per geometry; every second one has no bias."""
    inputs: dict[str, np.ndarray] = {"input_scale": step(rng), "weight_scale": step(rng)}
    calls = []
    for number, geometry in enumerate(geometries):
        groups = geometry[3]
        inputs[f"input{number}"] = integers(rng, (2, 4, 9, 11), *ACTIVATION)
        inputs[f"weight{number}"] = integers(rng, (8, 4 // groups, 3, 3), *WEIGHT)
        inputs[f"bias{number}"] = integers(rng, (8,), -40_000, 40_000)
        bias = None if number % 2 else Input(f"bias{number}")
        operands = (Input(f"input{number}"), Input(f"weight{number}"), bias)
        calls.append(Call("quantized_conv2d_function", (*operands, S_X, S_W, *geometry)))
    return Program(tuple(calls), inputs)


def quantized_convolution_on_secret(rng: Generator) -> Program:
    """Return calls with integer_conv2d replaced by secret tensors."""
    program = quantized_convolution(rng, (PLAIN, PLAIN))
    secrets = tuple(integers(rng, (2, 8, 7, 9), -1_000_000, 1_000_000) for _ in program.calls)
    return _with_stand_in(program, "integer_conv2d", secrets)


def _with_stand_in(program: Program, name: str, values: tuple[np.ndarray, ...]) -> Program:
    calls = tuple(
        Call(call.target, call.args, call.kwargs, stand_ins={name: Constant(value)})
        for call, value in zip(program.calls, values, strict=True)
    )
    return Program(calls, program.inputs)


INTEGERS = results_by(lambda _: IntegerTensor())

CHECKS = (
    CallCheck(
        "2b.integer_linear.values",
        "integer_linear is the exact integer product",
        linear,
        INTEGERS,
    ),
    CallCheck(
        "2b.integer_linear.beyond_float32",
        "integer_linear stays exact where sums pass 2^24",
        linear_beyond_float32,
        INTEGERS,
    ),
    CallCheck(
        "2b.integer_conv2d.values",
        "integer_conv2d is the exact integer convolution",
        lambda rng: convolution(rng, (PLAIN,)),
        INTEGERS,
        depends_on=("integer_linear",),  # a convolution may be written as a matrix product
    ),
    CallCheck(
        "2b.integer_conv2d.geometry",
        "integer_conv2d honours stride, padding, dilation and groups",
        lambda rng: convolution(rng, GEOMETRIES),
        INTEGERS,
        depends_on=("integer_linear",),
    ),
    CallCheck(
        "2b.integer_conv2d.beyond_float32",
        "integer_conv2d stays exact where sums pass 2^24",
        convolution_beyond_float32,
        INTEGERS,
        depends_on=("integer_linear",),
    ),
    CallCheck(
        "2b.quantized_linear.values",
        "quantized_linear_function is equation (6), with a bias and without",
        quantized_linear,
        results_by(Close),
        depends_on=("integer_linear",),
    ),
    CallCheck(
        "2b.quantized_linear.uses_integer_linear",
        "quantized_linear_function computes with integer_linear only",
        quantized_linear_on_secret,
        results_by(Close),
    ),
    CallCheck(
        "2b.quantized_conv2d.values",
        "quantized_conv2d_function is equation (6), with a bias and without",
        lambda rng: quantized_convolution(rng, (PLAIN, PLAIN)),
        results_by(Close),
        depends_on=("integer_conv2d",),
    ),
    CallCheck(
        "2b.quantized_conv2d.geometry",
        "quantized_conv2d_function passes stride, padding, dilation and groups on",
        lambda rng: quantized_convolution(rng, GEOMETRIES),
        results_by(Close),
        depends_on=("integer_conv2d",),
    ),
    CallCheck(
        "2b.quantized_conv2d.uses_integer_conv2d",
        "quantized_conv2d_function computes with integer_conv2d only",
        quantized_convolution_on_secret,
        results_by(Close),
    ),
)
