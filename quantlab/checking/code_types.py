"""Codes in an integer dtype: right as codes, but no gradient passes them."""

import numpy as np

from quantlab.checking.wrong_part import arguments_of
from quantlab.protocol.run_public_checks import CheckOutcome

QUANTIZERS = ("linear_quantize", "linear_quantize_STE")


def code_type_problem(outcome: CheckOutcome, function: str) -> str:
    """Return a sentence without its period if the codes have an integer dtype; "" otherwise.

    Every dtype is accepted for codes, so this is a warning where the values are right.

    Args:
        outcome: The outcome of a check of `linear_quantize` or `linear_quantize_STE`.
        function: The one of both that is to blame.
    """
    program, answer = outcome.program, outcome.answer
    if program.target not in QUANTIZERS or answer is None:
        return ""
    for call, result in zip(program.calls, answer.results, strict=True):
        is_integer = isinstance(result, np.ndarray) and result.dtype.kind in "iu"
        if call.target in QUANTIZERS and is_integer:
            expected = np.asarray(arguments_of(call, program.inputs)["input"]).dtype
            return (
                f"{function} returns {result.dtype}, expected {expected} (the dtype of the "
                "input): gradients cannot pass"
            )
    return ""


def blocked_gradient(outcome: CheckOutcome) -> str:
    """Return the sentence if an integer dtype stops the gradient; "" otherwise."""
    unmet, answer = outcome.unmet, outcome.answer
    if unmet is None or answer is None or not unmet.gradient:
        return ""
    is_blocked = answer.gradients[unmet.call].get(unmet.gradient) is None
    problem = code_type_problem(outcome, outcome.program.target) if is_blocked else ""
    return f"{problem}." if problem else ""
