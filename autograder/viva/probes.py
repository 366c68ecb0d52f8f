"""Short calls of a student's functions, with numbers that fit on paper.

All numbers are drawn for one student. Real inputs are at most 0.4 steps from a grid point, so how
ties are rounded decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from autograder.checks.random_inputs import grid_range
from autograder.engine.executor import Executor
from autograder.viva.numbers import show, values
from quantlab.protocol.calls import Answer, Call, Failure, Input, Program

STEPS = (0.1, 0.2, 0.25, 0.4, 0.5)
OFFSETS = (0.2, 0.3, 0.4)  # of a step, from a grid point
# Magnitudes whose root mean square is a whole number and whose mean has one digit.
ROUND_MOMENTS = ((1, 1, 7, 7), (1, 5, 5, 7), (1, 1, 3, 5), (2, 4, 4, 8), (3, 3, 3, 13))
PREFIXES = (  # of the checks that probes are about
    "1a.linear_quantize.",
    "1a.linear_dequantize.",
    "1a.get_scale.",
    "1a.reset.sym",
    "1a.reset.unsigned",
    "2a.STE.gradient",
    "2b.integer_linear.",
    "2b.integer_conv2d.",
    "2b.quantized_linear.",
    "2b.quantized_conv2d.",
)
VISIBLE = 1e-3  # relative; a smaller difference may be rounding


@dataclass(frozen=True)
class Probe:
    """Hold one call; `text` is what a student reads, `checks` one of `PREFIXES`.

    `gradient` is the input whose gradient is the result; "" if the result is what returns.
    """

    text: str
    checks: str
    call: Call
    inputs: Mapping[str, np.ndarray]
    gradient: str = ""

    @property
    def function(self) -> str:
        """Return the name of the called function."""
        return self.call.target


Outcome = np.ndarray | Failure


def draw_probes(rng: Generator) -> tuple[Probe, ...]:
    """Return the probes of one student, one for each function and form of it."""
    return (
        _quantize(rng, 3, True, int(rng.choice([-1, 1, 2]))),
        _quantize(rng, 2, False, 0),
        _dequantize(rng),
        _get_scale(rng),
        _reset(rng, "sym", 3),
        _reset(rng, "unsigned", 2),
        _gradient(rng),
        _integer_linear(rng),
        _integer_conv2d(rng),
        _quantized_linear(rng),
        _quantized_conv2d(rng),
    )


def near_codes(rng: Generator, codes: Sequence[int], step: float) -> np.ndarray:
    """Return float32 numbers near `codes` times `step`, on both sides, with few digits."""
    signs = rng.permutation(np.resize([-1, 1], len(codes)))
    offsets = rng.choice(OFFSETS, len(codes)) * signs
    return np.array([round((c + o) * step, 4) for c, o in zip(codes, offsets, strict=True)], "f4")


def run_probes(executor: Executor, source: str, probes: Sequence[Probe]) -> list[Outcome]:
    """Return what each probe gives: numbers, or why there are none.

    All run in one process. If that fails, each half runs in a process of its own.
    """
    if not probes:
        return []
    answer = executor.run(source, program_of(probes))
    if isinstance(answer, Answer):
        return outcomes_of(probes, answer)
    if len(probes) == 1:
        return [answer]
    half = len(probes) // 2
    return [
        *run_probes(executor, source, probes[:half]),
        *run_probes(executor, source, probes[half:]),
    ]


def outcomes_of(probes: Sequence[Probe], answer: Answer) -> list[Outcome]:
    """Return the outcome of each probe from the answer to `program_of(probes)`."""
    return [_outcome(probe, answer, number) for number, probe in enumerate(probes)]


def program_of(probes: Sequence[Probe]) -> Program:
    """Return the program that makes the calls of all probes."""
    calls: list[Call] = []
    inputs: dict[str, np.ndarray] = {}
    for number, probe in enumerate(probes):
        names = {name: f"{name}{number}" for name in probe.inputs}
        inputs |= {names[name]: array for name, array in probe.inputs.items()}
        call = probe.call
        args = tuple(Input(names[a.name]) if isinstance(a, Input) else a for a in call.args)
        wrt = tuple(names[name] for name in call.wrt)
        calls.append(Call(call.target, args, call.kwargs, call.cotangent, wrt))
    return Program(tuple(calls), inputs)


def differ(first: Outcome, second: Outcome) -> bool:
    """Return whether two outcomes are numbers that differ in the digits that are shown."""
    if isinstance(first, Failure) or isinstance(second, Failure):
        return False
    if first.shape != second.shape:
        return True
    largest = max(float(np.abs(first).max(initial=0)), float(np.abs(second).max(initial=0)))
    far = bool((np.abs(first - second) > VISIBLE * largest).any())
    return far and show(first) != show(second)


def _outcome(probe: Probe, answer: Answer, number: int) -> Outcome:
    result: Any = answer.results[number]
    if probe.gradient:
        result = answer.gradients[number].get(f"{probe.gradient}{number}")
    numbers = values(result)
    return Failure("wrong", "it returns no numbers.") if numbers is None else numbers


# One function each -------------------------------------------------------------------------------


def _quantize(rng: Generator, bits: int, signed: bool, zero_point: int) -> Probe:
    step = float(rng.choice(STEPS))
    low, high = (limit + zero_point for limit in grid_range(bits, signed))
    inside = rng.choice(np.arange(low + 1, high), 2, replace=False)
    codes = [high + int(rng.integers(1, 3)), low - 1, low, *map(int, inside)]
    x = near_codes(rng, list(rng.permutation(codes)), step)
    text = f"linear_quantize({show(x)}, {step:g}, {zero_point}, {bits}, signed={signed})"
    call = Call("linear_quantize", (Input("x"), step, zero_point, bits), {"signed": signed})
    return Probe(text, "1a.linear_quantize.", call, {"x": x})


def _dequantize(rng: Generator) -> Probe:
    step, zero_point = float(rng.choice(STEPS)), int(rng.integers(1, 4))
    codes = rng.choice(np.arange(-4, 4), 3, replace=False).astype(np.float32)
    text = f"linear_dequantize({show(codes)}, {step:g}, {zero_point})"
    call = Call("linear_dequantize", (Input("x"), step, zero_point))
    return Probe(text, "1a.linear_dequantize.", call, {"x": codes})


def _get_scale(rng: Generator) -> Probe:
    magnitudes = ROUND_MOMENTS[int(rng.integers(len(ROUND_MOMENTS)))]
    factor = float(rng.choice([0.1, 0.2, 0.5, 1]))
    signs = rng.permutation([-1, 1, 1, -1])
    x = np.round(rng.permutation(magnitudes) * signs * factor, 4).astype(np.float32)
    call = Call("get_scale", (Input("x"), 2))
    return Probe(f"get_scale({show(x)}, 2)", "1a.get_scale.", call, {"x": x})


def _reset(rng: Generator, method: str, bits: int) -> Probe:
    step = float(rng.choice(STEPS))
    levels = 2**bits - 1 if method == "unsigned" else 2 ** (bits - 1)
    codes = rng.choice(np.arange(1, levels), min(2, levels - 1), replace=False)
    x = np.append(near_codes(rng, list(codes), step), np.float32(round(levels * step, 4)))
    if method == "sym":
        x = x * np.float32(rng.choice([-1, 1]))
    text = f'reset_scale_and_zero_point({show(x)}, {bits}, "{method}")'
    call = Call("reset_scale_and_zero_point", (Input("x"), bits, method))
    return Probe(text, f"1a.reset.{method}", call, {"x": x})


def _gradient(rng: Generator) -> Probe:
    step = float(rng.choice([0.1, 0.2, 0.25, 0.4]))
    x = near_codes(rng, [int(rng.integers(-2, 3)), 9], step)
    upstream = rng.choice(np.array([-3, -1, 1, 2, 4], np.float32), 2, replace=False)
    call = Call("linear_quantize_STE", (Input("x"), step, 0, 4), {}, upstream, ("x",))
    text = (
        f"linear_quantize_STE({show(x)}, {step:g}, 0, 4), whose codes receive the gradient "
        f"{show(upstream)} in the backward pass: the gradient of the input"
    )
    return Probe(text, "2a.STE.gradient", call, {"x": x}, gradient="x")


def _integer_linear(rng: Generator) -> Probe:
    x, weight = _codes(rng, (2, 3)), _codes(rng, (2, 3))
    call = Call("integer_linear", (Input("x"), Input("weight")))
    text = f"integer_linear({show(x)}, {show(weight)})"
    return Probe(text, "2b.integer_linear.", call, {"x": x, "weight": weight})


def _integer_conv2d(rng: Generator) -> Probe:
    x, weight = _codes(rng, (1, 1, 3, 3)), _codes(rng, (1, 1, 2, 2))
    call = Call("integer_conv2d", (Input("x"), Input("weight")))
    text = f"integer_conv2d({show(x)}, {show(weight)})"
    return Probe(text, "2b.integer_conv2d.", call, {"x": x, "weight": weight})


def _quantized_linear(rng: Generator) -> Probe:
    codes = (_codes(rng, (1, 3)), _codes(rng, (2, 3)), _codes(rng, (2,)))
    return _quantized_layer(rng, "quantized_linear", codes)


def _quantized_conv2d(rng: Generator) -> Probe:
    codes = (_codes(rng, (1, 1, 2, 3)), _codes(rng, (1, 1, 2, 2)), _codes(rng, (1,)))
    return _quantized_layer(rng, "quantized_conv2d", codes)


def _quantized_layer(rng: Generator, name: str, codes: tuple[np.ndarray, ...]) -> Probe:
    """Return a call of the function of a layer with codes of input, weight and bias."""
    scales = tuple(float(step) for step in rng.choice(STEPS, 2, replace=False))
    function = f"{name}_function"
    shown = ", ".join([*(show(array) for array in codes), *(f"{scale:g}" for scale in scales)])
    call = Call(function, (Input("x"), Input("weight"), Input("bias"), *scales))
    inputs = dict(zip(("x", "weight", "bias"), codes, strict=True))
    return Probe(f"{function}({shown})", f"2b.{name}.", call, inputs)


def _codes(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return small int32 codes, none of them zero."""
    return rng.choice(np.array([-3, -2, -1, 1, 2, 3], np.int32), shape)
