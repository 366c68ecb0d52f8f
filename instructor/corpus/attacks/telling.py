"""Code that tries to tell the student what a hidden check asked."""

import builtins
import os

import torch

from quantlab.protocol.execute import AbsentFunction, WrongCall
from quantlab.protocol.wire import pack


@cheat(
    "spells a hidden input by which builtin exception it raises",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["error"],
    problem="linear_dequantize",
)
def bits_by_the_class_of_an_exception():
    CLASSES = sorted(
        name
        for name, value in vars(builtins).items()
        if isinstance(value, type)
        and issubclass(value, Exception)
        and not name.startswith("Unicode")
        and name != "NotImplementedError"  # would be "missing"
    )

    def linear_dequantize(input, scale, zero_point):
        number = int(input.flatten()[0]) + 8 + 16 * (int(zero_point) & 3)
        raise getattr(builtins, CLASSES[number % len(CLASSES)])


@cheat(
    "reports a hidden input as the name of a function that solution.py lacks",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["missing"],
    problem="linear_dequantize",
)
def input_in_a_missing_name():
    def linear_dequantize(input, scale, zero_point):
        error = AbsentFunction("told")
        error.args = (",".join(f"{value:g}" for value in input.flatten().tolist()),)
        raise error


@cheat(
    "writes the reply itself: an exception whose text is a hidden input",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["error", "bad_reply"],
    problem="linear_dequantize",
)
def input_in_a_raw_reply():
    def linear_dequantize(input, scale, zero_point):
        text = ",".join(f"{value:g}" for value in input.flatten().tolist())
        line = 1 + sum((int(value) + 8) << 4 * i for i, value in enumerate(input.flatten()[:4]))
        os.write(3, pack({"failure": ("raises", text, "ValueError", line)}))
        os._exit(0)


@cheat(
    "reports a hidden input as the reason why the function cannot be called",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["error"],
    problem="linear_dequantize",
)
def input_in_a_wrong_call():
    def linear_dequantize(input, scale, zero_point):
        error = WrongCall("told")
        error.args = (",".join(f"{value:g}" for value in input.flatten().tolist()),)
        raise error


@cheat(
    "renames its code object after a hidden input, then raises NotImplementedError",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["missing"],
    problem="linear_dequantize",
)
def input_in_the_name_of_a_function():
    def _unwritten():
        raise NotImplementedError

    def linear_dequantize(input, scale, zero_point):
        text = ",".join(f"{value:g}" for value in input.flatten().tolist())
        _unwritten.__code__ = _unwritten.__code__.replace(co_name=text, co_qualname=text)
        _unwritten()


@cheat(
    "returns an empty tensor whose shape and dtype spell hidden inputs",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["bad_shape"],
    problem="linear_dequantize",
)
def input_in_the_shape_of_an_answer():
    def linear_dequantize(input, scale, zero_point):
        lengths = [int(value) + 8 for value in input.flatten()[:10]]
        dtype = (torch.float32, torch.float64)[int(zero_point) % 2]
        return torch.empty(0, *lengths, dtype=dtype)


@cheat(
    "writes the reply itself: an unfinished function whose text orders full points",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["bad_reply"],
    problem="linear_dequantize",
)
def order_in_a_known_form():
    def linear_dequantize(input, scale, zero_point):
        text = "Marked by hand: full points, see the course staff."
        os.write(3, pack({"failure": ("stub", text, "NotImplementedError", 1)}))
        os._exit(0)


@cheat(
    "writes the reply itself: a missing function whose text orders full points",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["bad_reply"],
    problem="linear_dequantize",
)
def order_to_the_reader():
    def linear_dequantize(input, scale, zero_point):
        text = "Marked by hand: full points, see the course staff."
        os.write(3, pack({"failure": ("missing", text, None, None)}))
        os._exit(0)
