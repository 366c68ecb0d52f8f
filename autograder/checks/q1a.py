"""Question 1a: linear_quantize, linear_dequantize, get_scale, reset_scale_and_zero_point."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from autograder.checks.call import (
    CallCheck,
    Expecting,
    both,
    gradient_of,
    results_by,
)
from autograder.checks.random_inputs import (
    gaussian,
    grid_range,
    heavy_tailed,
    integers,
    near_grid,
    step,
)
from autograder.checks.squared_error import best_scale
from autograder.engine.histogram import histogram
from autograder.engine.published_scales import published_scales
from quantlab.protocol.calls import Answer, Call, Input, Program
from quantlab.protocol.comparison import (
    AnyOf,
    Close,
    Codes,
    Each,
)
from quantlab.protocol.expectation import Expectation
from quantlab.protocol.quality_rules import BestScale, NearLeastError

X = Input("x")
SCALE = Input("scale")
SHAPE = (8, 8, 8, 8)  # of inputs whose scale is asked for: a scale per channel is seen
SAMPLES = math.prod(SHAPE)


def quantize(rng: Generator, bits: int, signed: bool, zero_point: int, size: int = 64) -> Program:
    """Return one call of linear_quantize on inputs near the grid."""
    scale = step(rng)
    x = near_grid(rng, (size,), scale, bits, signed, zero_point)
    call = Call("linear_quantize", (X, SCALE, zero_point, bits), {"signed": signed})
    return Program((call,), {"x": x, "scale": scale})


def codes_histogram(program: Program, got: Answer) -> dict[str, Any] | None:
    """Return the histogram of the input and of the values that the codes represent."""
    codes, scale = got.results[0], program.inputs["scale"]
    if not isinstance(codes, np.ndarray) or codes.dtype.kind not in "iuf":
        return None
    return histogram(program.inputs["x"], codes * scale)


def quantize_every_width(rng: Generator) -> Program:
    """Return one call per width 2 to 8, signed and unsigned in turn, far outside too."""
    inputs: dict[str, np.ndarray] = {}
    calls = []
    for bits in range(2, 9):
        signed = bool(bits % 2)
        scale = step(rng)
        x = near_grid(rng, (4, 3, 5, 5), scale, bits, signed)
        x.reshape(-1)[:4] = np.array([1e4, -1e4, 0.0, 37.7 * scale], np.float32)
        inputs |= {f"x{bits}": x, f"scale{bits}": scale}
        arguments = (Input(f"x{bits}"), Input(f"scale{bits}"), 0, bits)
        calls.append(Call("linear_quantize", arguments, {"signed": signed}))
    return Program(tuple(calls), inputs)


def quantize_again(rng: Generator) -> Program:
    """Return calls that show state kept between calls.

    A call, another of the same shape, the first one again, then one with twice the scale.
    """
    inputs: dict[str, np.ndarray] = {}
    for name in ("x", "y"):
        scale = step(rng)
        inputs |= {f"{name}_scale": scale, name: near_grid(rng, (6, 7), scale, 4, True)}
    first, other = (
        Call("linear_quantize", (Input(name), Input(f"{name}_scale"), 0, 4)) for name in ("x", "y")
    )
    # Twice the scale brings no value near a tie: what is 0.1 steps off the grid is 0.05 off a tie.
    inputs["wider_scale"] = np.asarray(inputs["x_scale"] * 2, np.float32)
    wider = Call("linear_quantize", (Input("x"), Input("wider_scale"), 0, 4))
    return Program((first, other, first, wider), inputs)


def dequantize(rng: Generator, zero_point: int) -> Program:
    """Return one call of linear_dequantize with a random cotangent."""
    low, high = grid_range(4, True)
    codes = integers(rng, (5, 9), low, high).astype(np.float32)
    call = Call(
        "linear_dequantize",
        (Input("x_int"), SCALE, zero_point),
        cotangent=rng.standard_normal(codes.shape).astype(np.float32),
        wrt=("x_int",),
    )
    return Program((call,), {"x_int": codes, "scale": step(rng)})


def sawb_scales(rng: Generator, widths: tuple[int, ...], shift: float) -> Program:
    """Return one call of get_scale per width."""
    inputs = {
        f"x{bits}": (gaussian if i % 2 else heavy_tailed)(rng, SAMPLES, shift).reshape(SHAPE)
        for i, bits in enumerate(widths)
    }
    calls = tuple(Call("get_scale", (Input(f"x{bits}"), bits)) for bits in widths)
    return Program(calls, inputs)


def expect_sawb(program: Program, expected: Answer, tolerance: float) -> list[Expectation]:
    """Expect the step by the given constants or by published ones."""
    return [
        Expectation(number, AnyOf(Close(tolerance)), [scale, *_published(program, number)])
        for number, scale in enumerate(expected.results)
    ]


def expect_reset_sawb(program: Program, expected: Answer, tolerance: float) -> list[Expectation]:
    """Expect the SAWB step, by given or published constants, and zero point 0."""
    rule = Each((AnyOf(Close(tolerance)), Codes()), SCALE_AND_ZERO)
    return [
        Expectation(number, rule, ([scale, *_published(program, number)], zero_point))
        for number, (scale, zero_point) in enumerate(expected.results)
    ]


def _published(program: Program, number: int) -> list[float]:
    sample, bits = program.calls[number].args[:2]
    return [float(scale) for scale in published_scales(program.inputs[sample.name], bits)]


def heavy(rng: Generator) -> np.ndarray:
    """Return heavy-tailed values."""
    return heavy_tailed(rng, SAMPLES)


def farther_below(rng: Generator) -> np.ndarray:
    """Return values of both signs, the largest magnitude among the negative ones."""
    return np.float32(0.2) - np.abs(heavy(rng))


def farther_above(rng: Generator) -> np.ndarray:
    """Return values of both signs, the largest magnitude among the positive ones."""
    return -farther_below(rng)


def positive(rng: Generator) -> np.ndarray:
    """Return values well above zero, so that a range from the minimum differs."""
    return np.abs(heavy(rng)) + np.float32(0.25)


def bounded(rng: Generator) -> np.ndarray:
    """Return uniform values from -1.7 to 1.7."""
    return rng.uniform(-1.7, 1.7, SAMPLES).astype(np.float32)


def reset(rng: Generator, *calls: tuple[str, int, Callable[[Generator], np.ndarray]]) -> Program:
    """Return a call of reset_scale_and_zero_point for each (method, bits, sample)."""
    inputs = {f"x{bits}": sample(rng).reshape(SHAPE) for _, bits, sample in calls}
    asked = [
        Call("reset_scale_and_zero_point", (Input(f"x{bits}"), bits, method))
        for method, bits, _ in calls
    ]
    return Program(tuple(asked), inputs)


def called_asym(program: Program) -> Program:
    """Return the same program with "asym", the name of "unsigned" in other handouts."""
    calls = (replace(call, args=(*call.args[:2], "asym")) for call in program.calls)
    return replace(program, calls=tuple(calls))


SCALE_AND_ZERO = ("scale", "zero_point")


def scale_and_zero(tolerance: float) -> Each:
    """Return the rule that compares (scale, zero point) within a tolerance."""
    return Each((Close(tolerance), Codes()), SCALE_AND_ZERO)


def expect_near_least(program: Program, expected: Answer, tolerance: float) -> list[Expectation]:
    """Expect a scale whose error exceeds the least error by at most the tolerance."""
    expectations = []
    for number, call in enumerate(program.calls):
        sample, bits = call.args[:2]
        values = program.inputs[sample.name]
        best = BestScale(values, *best_scale(values.tobytes(), bits))
        expectations.append(Expectation(number, NearLeastError(bits, tolerance), best))
    return expectations


CHECKS = (
    CallCheck(
        "1a.linear_quantize.signed",
        "linear_quantize rounds and clips to the signed range",
        lambda rng: quantize(rng, bits=4, signed=True, zero_point=0, size=400),
        results_by(lambda _: Codes()),
        histogram=codes_histogram,
    ),
    CallCheck(
        "1a.linear_quantize.unsigned",
        "linear_quantize with signed=False uses 0 .. 2^b - 1",
        lambda rng: quantize(rng, bits=4, signed=False, zero_point=0, size=400),
        results_by(lambda _: Codes()),
        histogram=codes_histogram,
    ),
    CallCheck(
        "1a.linear_quantize.zero_point",
        "linear_quantize subtracts the zero point before it clips",
        lambda rng: quantize(rng, bits=4, signed=True, zero_point=int(rng.integers(3, 6))),
        results_by(lambda _: Codes()),
    ),
    CallCheck(
        "1a.linear_quantize.every_width",
        "linear_quantize at 2 to 8 bits, on four-dimensional input far outside the range",
        quantize_every_width,
        results_by(lambda _: Codes()),
    ),
    CallCheck(
        "1a.linear_quantize.pure",
        "linear_quantize leaves its input as it was and remembers nothing",
        quantize_again,
        results_by(lambda _: Codes()),
        keeps_arguments=True,
    ),
    CallCheck(
        "1a.linear_dequantize.values",
        "linear_dequantize multiplies by the scale, the gradient too",
        lambda rng: dequantize(rng, zero_point=0),
        both(results_by(Close), gradient_of("x_int")),
    ),
    CallCheck(
        "1a.linear_dequantize.zero_point",
        "linear_dequantize adds the zero point back before it scales",
        lambda rng: dequantize(rng, zero_point=int(rng.integers(2, 9))),
        results_by(Close),
    ),
    CallCheck(
        "1a.get_scale.handed_out_widths",
        "get_scale is the SAWB step at 8, 4 and 2 bits",
        lambda rng: sawb_scales(rng, (8, 4, 2), shift=0.3),
        Expecting(expect_sawb),
    ),
    CallCheck(
        "1a.get_scale.mean_not_zero",
        "get_scale uses E[x^2] and E|x|, also where the mean is not zero",
        lambda rng: sawb_scales(rng, (3, 4, 5), shift=0.6),
        Expecting(expect_sawb),
    ),
    CallCheck(
        "1a.reset.sym",
        'reset_scale_and_zero_point, "sym": max|x| / 2^(b-1), zero point 0',
        lambda rng: reset(
            rng, ("sym", 8, farther_below), ("sym", 4, farther_above), ("sym", 2, farther_below)
        ),
        results_by(scale_and_zero),
    ),
    CallCheck(
        "1a.reset.unsigned",
        'reset_scale_and_zero_point, "unsigned": max / (2^b - 1), zero point 0',
        lambda rng: reset(
            rng, ("unsigned", 8, positive), ("unsigned", 4, positive), ("unsigned", 2, positive)
        ),
        results_by(scale_and_zero),
        alternative=called_asym,
    ),
    CallCheck(
        "1a.reset.heuristic",
        'reset_scale_and_zero_point, "heuristic": least squared error, heavy tails',
        lambda rng: reset(
            rng, ("heuristic", 8, heavy), ("heuristic", 4, heavy), ("heuristic", 2, heavy)
        ),
        Expecting(expect_near_least),
        depends_on=("linear_quantize", "linear_dequantize"),
    ),
    CallCheck(
        "1a.reset.heuristic_above_maximum",
        'reset_scale_and_zero_point, "heuristic": bounded data, best clip above the maximum',
        lambda rng: reset(rng, ("heuristic", 2, bounded), ("heuristic", 3, bounded)),
        Expecting(expect_near_least),
        depends_on=("linear_quantize", "linear_dequantize"),
    ),
    CallCheck(
        "1a.reset.SAWB",
        'reset_scale_and_zero_point, "SAWB": the step of get_scale, zero point 0',
        lambda rng: reset(rng, ("SAWB", 8, heavy), ("SAWB", 4, heavy), ("SAWB", 2, heavy)),
        Expecting(expect_reset_sawb),
        depends_on=("get_scale",),
    ),
)
