"""Ten natural mistakes in reset_scale_and_zero_point."""

from tests.public_checks.natural_mistakes.mistake import NaturalMistake

_REST = """
    def _search(input, N_bits):
        best, best_error = None, float("inf")
        top = input.abs().max() / 2 ** (N_bits - 1)
        for step in range(1, 400):
            s = top * 1.5 * step / 400
            error = (input - linear_dequantize(linear_quantize(input, s, 0, N_bits), s, 0))
            error = error.square().mean()
            if error < best_error:
                best, best_error = s, error
        return best
"""


def _methods(sym: str = "", unsigned: str = "", heuristic: str = "", sawb: str = "") -> str:
    """Return the function with these lines per method; correct where none is passed."""
    return f"""{_REST}
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        zero_point = 0
        if method == "sym":
            {sym or "scale = input.abs().max() / 2 ** (N_bits - 1)"}
        elif method in ("unsigned", "asym"):
            {unsigned or "scale = input.max() / (2**N_bits - 1)"}
        elif method == "heuristic":
            {heuristic or "scale = _search(input, N_bits)"}
        elif method == "SAWB":
            {sawb or "scale = get_scale(input, N_bits)"}
        else:
            raise ValueError(method)
        return scale, zero_point
"""


MISTAKES = (
    NaturalMistake(
        name="reset: magnitude of the largest number",
        question="1a",
        function="reset_scale_and_zero_point",
        code=_methods(sym="scale = torch.max(input).abs() / 2 ** (N_bits - 1)"),
        fix="Take magnitudes before the maximum: the largest may belong to a negative number.",
        keywords=(("max |x|", "max|x|", "magnitude"), ("negative", "before the max", "smallest")),
    ),
    NaturalMistake(
        name="reset: the largest code instead of half of the codes",
        question="1a",
        function="reset_scale_and_zero_point",
        code=_methods(
            sym="q_max = 2 ** (N_bits - 1) - 1; scale = max(input.max(), -input.min()) / q_max"
        ),
        fix="The divisor is 2^(b-1), not the largest code 2^(b-1) - 1.",
        keywords=(("2^(b-1) - 1", "one more"),),
    ),
    NaturalMistake(
        name="reset: as many steps as codes for unsigned",
        question="1a",
        function="reset_scale_and_zero_point",
        code=_methods(unsigned="scale = input.max() / 2**N_bits"),
        fix="From code 0 to the largest there are 2^b - 1 steps, not 2^b.",
        keywords=(
            ("2^b - 1",),
            ("2^b,", "2^b;", "2^b:", "by 2^b ", "by 2^b.", "one more", "steps"),
        ),
    ),
    NaturalMistake(
        name="reset: unsigned from the smallest to the largest number, with a zero point",
        question="1a",
        function="reset_scale_and_zero_point",
        code=_methods(
            unsigned=(
                "scale = (input.max() - input.min()) / (2**N_bits - 1); "
                "zero_point = int(torch.round(input.min() / scale))"
            )
        ),
        fix="The zero point is always 0, and the range begins at 0, not at the smallest number.",
        keywords=(("zero point", "zero_point", "smallest"), ("always 0", "expected 0", "is 0")),
    ),
    NaturalMistake(
        name="reset: heuristic never beyond the largest number",
        question="1a",
        function="reset_scale_and_zero_point",
        code=_methods(
            heuristic=(
                "scale = min((input.abs().max() / 2 ** (N_bits - 1) * k / 200 for k in "
                "range(1, 201)), key=lambda s: torch.mean((input - linear_dequantize("
                "linear_quantize(input, s, 0, N_bits), s, 0)) ** 2))"
            )
        ),
        fix="The best range may lie beyond max |x|: search there too.",
        keywords=(("max |x|", "maximum"), ("beyond", "farther")),
    ),
    NaturalMistake(
        name="reset: heuristic compares numbers with codes",
        question="1a",
        function="reset_scale_and_zero_point",
        code=_methods(
            heuristic=(
                "scale = min((input.abs().max() / 2 ** (N_bits - 1) * k / 100 for k in "
                "range(1, 151)), key=lambda s: (input - linear_quantize(input, s, 0, N_bits))"
                ".square().mean())"
            )
        ),
        fix="Equation (4) compares x with the recovered numbers, not with the codes.",
        keywords=(("error",), ("recovered", "recover", "dequantize", "equation (3)", "x-hat")),
    ),
    NaturalMistake(
        name="reset: heuristic returns the last candidate",
        question="1a",
        function="reset_scale_and_zero_point",
        code=_REST
        + """
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method == "sym":
            return input.abs().max() / 2 ** (N_bits - 1), 0
        if method in ("unsigned", "asym"):
            return input.max() / (2**N_bits - 1), 0
        if method == "SAWB":
            return get_scale(input, N_bits), 0
        if method != "heuristic":
            raise ValueError(method)
        best = float("inf")
        for factor in torch.linspace(0.05, 1.4, 150):
            scale = factor * input.abs().max() / 2 ** (N_bits - 1)
            x_hat = linear_dequantize(linear_quantize(input, scale, 0, N_bits), scale, 0)
            error = torch.mean((input - x_hat) ** 2)
            if error < best:
                best = error
        return scale, 0
""",
        fix="Your scale is far too large: return the candidate of least error, not the last.",
        keywords=(("least", "best"), ("too large", "too wide", "larger than", "last")),
    ),
    NaturalMistake(
        name="reset: SAWB at the default width",
        question="1a",
        function="reset_scale_and_zero_point",
        code=_methods(sawb="scale = get_scale(input=input)"),
        fix="Pass N_bits to get_scale; the default is 8 bits.",
        keywords=(("n_bits", "default", "8 bits"), ("pass", "default", "every width", "always")),
    ),
    NaturalMistake(
        name="reset: no zero point beside the scale of SAWB",
        question="1a",
        function="reset_scale_and_zero_point",
        code=_methods(sawb="return get_scale(input, N_bits)"),
        fix="Return two values, (scale, zero point), for SAWB as well.",
        keywords=(("zero point", "zero_point"), ("(scale, zero", "two values", "pair", "tuple")),
    ),
    NaturalMistake(
        name="reset: another spelling of a method",
        question="1a",
        function="reset_scale_and_zero_point",
        code="""
            def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
                match method.lower():
                    case "symmetric":
                        scale = input.abs().max() / 2 ** (N_bits - 1)
                    case "unsigned" | "asym":
                        scale = input.max() / (2**N_bits - 1)
                    case "sawb":
                        scale = get_scale(input, N_bits)
                    case _:
                        raise ValueError(f"unknown method {method}")
                return scale, 0
        """,
        fix="The method is called sym, and your code refuses that name.",
        keywords=(("unknown method sym",), ("valueerror",), ("line",)),
    ),
)
