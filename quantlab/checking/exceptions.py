"""Explain exceptions by a fact about the arguments, where the text of the exception allows it."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from quantlab.checking.wrong_part import arguments_of, first_correct
from quantlab.protocol.run_public_checks import CheckOutcome

LAYERS = ("quantized_linear_function", "quantized_conv2d_function")
# What torch calls integers of 8, 16, 32 and 64 bits in its messages.
_INTEGERS = re.compile(r"not implemented for '(Byte|Char|Short|Int|Long)'")
_SHAPES = (
    *("cannot be multiplied", "must match the size", "invalid for input of size"),
    *("size mismatch", "operands could not be broadcast"),
)
_OF_FORWARD = re.compile(r"NameError.*name '(input|scale|zero_point|N_bits|signed)' is not defined")


def diagnose_exception(outcome: CheckOutcome) -> str:
    """Return what the exception of a check may be due to; "" if no rule applies.

    The sentences about arguments are true whatever raised the exception.
    """
    program, message = outcome.program, " ".join(outcome.lines)
    if _INTEGERS.search(message):
        return (
            "torch does not compute this with integers. Convert both to a type that it can "
            "convolve or multiply and that holds every sum exactly, and convert the sums back to "
            "int32."
        )
    calls = [arguments_of(call, program.inputs) for call in program.calls]
    is_of_shapes = any(words in message for words in _SHAPES)
    if program.target == "linear_quantize_STE" and _OF_FORWARD.search(message):
        return "backward does not know the variables of forward: keep what it needs in ctx."
    if program.target in LAYERS:
        return _bias(calls[0], message, is_of_shapes, any(call["bias"] is None for call in calls))
    if program.target == "integer_linear" and is_of_shapes:
        return (
            "weight is (out, in). Equation (6) sums over the input features, the last dimension of "
            "both arguments."
        )
    if program.target == "integer_conv2d" and is_of_shapes:
        shape = np.shape(first_correct(outcome.check.expectations[0].expected))
        return (
            "The output has floor((H + 2 padding - dilation (kH - 1) - 1) / stride) + 1 rows. The "
            f"result of the first call has the shape {shape}."
        )
    return ""


def _bias(arguments: Mapping[str, Any], message: str, is_of_shapes: bool, is_absent: bool) -> str:
    if is_absent and "NoneType" in message:
        return "bias may be None: then equation (6) has no b_int."
    bias = arguments["bias"]
    if bias is None or not is_of_shapes or f"({len(bias)})" not in message:
        return ""
    is_linear = np.ndim(arguments["weight"]) == 2
    where = "the last dimension" if is_linear else "dimension 1, not the last one,"
    kind = "feature" if is_linear else "channel"
    return f"The bias has {len(bias)} numbers, one per output {kind}: {where} of the outputs."
