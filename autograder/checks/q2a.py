"""Question 2a: the straight-through estimator."""

import numpy as np
from numpy.random import Generator

from autograder.checks.call import CallCheck, both, gradient_of, results_by
from autograder.checks.random_inputs import near_grid, step
from quantlab.protocol.calls import Call, Input, Program
from quantlab.protocol.comparison import Codes

X, SCALE = Input("x"), Input("scale")


def apply(
    rng: Generator,
    bits: int,
    signed: bool,
    zero_point: int,
    gradient: bool,
) -> Program:
    """Return one call, with a random cotangent if its gradient is checked."""
    scale = step(rng)
    x = near_grid(rng, (6, 9), scale, bits, signed, zero_point)
    call = Call(
        "linear_quantize_STE",
        (X, SCALE, zero_point, bits, signed),
        cotangent=rng.standard_normal(x.shape).astype(np.float32) if gradient else None,
        wrt=("x",) if gradient else (),
    )
    return Program((call,), {"x": x, "scale": scale})


CHECKS = (
    CallCheck(
        "2a.STE.forward",
        "linear_quantize_STE gives the codes of linear_quantize",
        lambda rng: apply(rng, bits=4, signed=True, zero_point=0, gradient=False),
        results_by(lambda _: Codes()),
        depends_on=("linear_quantize",),
    ),
    CallCheck(
        "2a.STE.gradient",
        "the gradient makes quantize and dequantize together the identity",
        lambda rng: apply(rng, bits=4, signed=True, zero_point=0, gradient=True),
        gradient_of("x"),
        depends_on=("linear_quantize",),
    ),
    CallCheck(
        "2a.STE.arguments",
        "unsigned, two bits and a zero point: the same rules forward and backward",
        lambda rng: apply(rng, bits=2, signed=False, zero_point=2, gradient=True),
        both(results_by(lambda _: Codes()), gradient_of("x")),
        depends_on=("linear_quantize",),
    ),
)
