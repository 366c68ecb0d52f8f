"""Ten natural mistakes in _quantize_func_STE."""

import textwrap

from tests.public_checks.natural_mistakes.mistake import NaturalMistake

_CODES = "return linear_quantize(input, scale, zero_point, N_bits, signed)"
_FIVE = "None, None, None, None"


def _estimator(forward: str, backward: str) -> str:
    """Return the class with these two bodies."""
    return f"""
class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
{textwrap.indent(textwrap.dedent(forward).strip(), " " * 8)}

    @staticmethod
    def backward(ctx, grad_output):
{textwrap.indent(textwrap.dedent(backward).strip(), " " * 8)}


linear_quantize_STE = _quantize_func_STE.apply
"""


MISTAKES = (
    NaturalMistake(
        name="STE: hands the gradient through",
        question="2a",
        function="_quantize_func_STE",
        code=_estimator(_CODES, f"return grad_output.clone(), {_FIVE}"),
        fix=(
            "Quantize and recover together are the identity; linear_dequantize multiplies the "
            "gradient by s, and backward must undo that."
        ),
        keywords=(("scale", " s "), ("undo", "too small", "divide", "identity", "times")),
    ),
    NaturalMistake(
        name="STE: one gradient for five arguments",
        question="2a",
        function="_quantize_func_STE",
        code=_estimator(f"ctx.scale = scale\n{_CODES}", "return grad_output / ctx.scale"),
        fix="backward returns one value per argument of forward: five, four of them None.",
        keywords=(("gradients", "one value per argument"), ("expected 5", "five")),
    ),
    NaturalMistake(
        name="STE: no gradient outside of the range",
        question="2a",
        function="_quantize_func_STE",
        code=_estimator(
            f"""
            low = -(2 ** (N_bits - 1)) if signed else 0
            high = low + 2**N_bits - 1
            steps = input / scale
            ctx.scale, ctx.mask = scale, (steps > low) & (steps < high)
            {_CODES}
            """,
            f"""
            grad = torch.where(ctx.mask, grad_output / ctx.scale, 0.0)
            return grad, {_FIVE}
            """,
        ),
        fix="The gradient is 0 where x was clipped; here the identity is for every element.",
        keywords=(("clipped", "outside the range", "beyond the range"),),
    ),
    NaturalMistake(
        name="STE: quantizes and recovers in one step",
        question="2a",
        function="_quantize_func_STE",
        code=_estimator(
            """
            codes = linear_quantize(input, scale, zero_point, N_bits, signed)
            return linear_dequantize(codes, scale, zero_point)
            """,
            f"return grad_output, {_FIVE}",
        ),
        fix="forward returns the codes; linear_dequantize is a second call.",
        keywords=(("recovered", "equation (3)", "not codes"), ("codes", "integers")),
    ),
    NaturalMistake(
        name="STE: forgets to detach",
        question="2a",
        function="_quantize_func_STE",
        code="""
            def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
                steps = input / scale
                codes = linear_quantize(input, scale, zero_point, N_bits, signed)
                return steps + (codes - steps)
        """,
        fix="The gradient is zero everywhere: the two terms cancel, unless one is detached.",
        keywords=(("zero everywhere", "0 everywhere", "all zero", "always zero", "gradient is 0"),),
    ),
    NaturalMistake(
        name="STE: the chain rule of dequantization",
        question="2a",
        function="_quantize_func_STE",
        code=_estimator(
            f"ctx.save_for_backward(torch.as_tensor(scale))\n{_CODES}",
            f"(s,) = ctx.saved_tensors\nreturn s * grad_output, {_FIVE}",
        ),
        fix="linear_dequantize multiplies by s already: backward must undo that, not repeat it.",
        keywords=(("multipl",), ("already", "square", "too", "undo", "divide")),
    ),
    NaturalMistake(
        name="STE: signed is not passed on",
        question="2a",
        function="_quantize_func_STE",
        code=_estimator(
            """
            ctx.scale = scale
            return linear_quantize(input, scale, zero_point, N_bits)
            """,
            f"return grad_output / ctx.scale, {_FIVE}",
        ),
        fix="forward ignores signed: unsigned codes are never negative.",
        keywords=(("signed",), ("ignor", "never", "whatever", "always", "signed=false")),
    ),
    NaturalMistake(
        name="STE: divides by the input instead of the scale",
        question="2a",
        function="_quantize_func_STE",
        code=_estimator(
            f"ctx.save_for_backward(input, torch.as_tensor(scale))\n{_CODES}",
            f"scale, _ = ctx.saved_tensors\nreturn grad_output / scale, {_FIVE}",
        ),
        fix="The gradient depends on x; expected is grad / s, the same factor everywhere.",
        keywords=(("gradient",), ("divided by x", "same factor", "depends on")),
    ),
    NaturalMistake(
        name="STE: the scale was not kept for backward",
        question="2a",
        function="_quantize_func_STE",
        code=_estimator(_CODES, f"return grad_output / scale, {_FIVE}"),
        fix="backward has no name scale: keep it in ctx in forward.",
        keywords=(("nameerror",), ("'scale' is not defined",), ("line",)),
    ),
    NaturalMistake(
        name="STE: forward rounds and does not clip",
        question="2a",
        function="_quantize_func_STE",
        code=_estimator(
            """
            ctx.scale = scale
            return torch.round(input / scale) - zero_point
            """,
            f"return grad_output / ctx.scale, {_FIVE}",
        ),
        fix="The codes of forward leave the range L to U: return those of linear_quantize.",
        keywords=(("clip", "leave the range", "outside", "beyond"),),
    ),
)
