"""Ten natural mistakes in linear_quantize and linear_dequantize."""

from tests.public_checks.natural_mistakes.mistake import NaturalMistake

MISTAKES = (
    NaturalMistake(
        name="quantize: floor division",
        question="1a",
        function="linear_quantize",
        code="""
            def linear_quantize(input, scale, zero_point, N_bits, signed=True):
                if signed:
                    qmin, qmax = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
                else:
                    qmin, qmax = 0, 2**N_bits - 1
                q = input // scale - zero_point
                return q.clamp(qmin, qmax)
        """,
        fix="Your codes are rounded down; equation (1) rounds to the nearest integer.",
        keywords=(("rounded down", "round down", "rounds down", "always down"),),
    ),
    NaturalMistake(
        name="quantize: adds a half, then cuts off",
        question="1a",
        function="linear_quantize",
        code="""
            def linear_quantize(input, scale, zero_point, N_bits, signed=True):
                n_levels = 2**N_bits
                low = -n_levels // 2 if signed else 0
                high = low + n_levels - 1
                x_int = (input / scale + 0.5).int() - zero_point
                return torch.clip(x_int, low, high).to(input.dtype)
        """,
        fix="Negative numbers are wrong: a conversion to int cuts off toward zero.",
        keywords=(("negative", "toward zero", "towards zero", "cut off"), ("round", "nearest")),
    ),
    NaturalMistake(
        name="quantize: the limits of int8 for every width",
        question="1a",
        function="linear_quantize",
        code="""
            def linear_quantize(input, scale, zero_point, N_bits, signed=True):
                info = torch.iinfo(torch.int8 if signed else torch.uint8)
                x_int = torch.round(input / scale) - zero_point
                return torch.clamp(x_int, info.min, info.max)
        """,
        fix="The limits L and U follow from N_bits: at 4 bits a code cannot be beyond -8 or 7.",
        keywords=(
            ("limit", "range", "clip"),
            ("n_bits", "4 bits", "-2^(b-1)", "2^b", "-8 .. 7", "-8 to 7", "l and u", "l = -8"),
        ),
    ),
    NaturalMistake(
        name="quantize: as many negative as positive codes",
        question="1a",
        function="linear_quantize",
        code="""
            def linear_quantize(input, scale, zero_point, N_bits, signed=True):
                q_max = 2 ** (N_bits - 1) - 1 if signed else 2**N_bits - 1
                q_min = -q_max if signed else 0
                codes = torch.round(input / scale).sub(zero_point)
                return torch.minimum(
                    torch.maximum(codes, torch.tensor(q_min)), torch.tensor(q_max)
                ).to(input.dtype)
        """,
        fix="The signed range has one more negative code, -2^(b-1), than positive ones.",
        keywords=(
            ("one negative code more", "more negative", "lower limit", "lowest", "smallest"),
            ("-2^(b-1)", "-8"),
        ),
    ),
    NaturalMistake(
        name="quantize: unsigned codes are not clipped",
        question="1a",
        function="linear_quantize",
        code="""
            def linear_quantize(input, scale, zero_point, N_bits, signed=True):
                codes = (input / scale).round() - zero_point
                if signed:
                    half = 2 ** (N_bits - 1)
                    codes = codes.clamp(min=-half, max=half - 1)
                return codes
        """,
        fix="With signed=False the codes leave the range 0 to 2^b - 1: clip them too.",
        keywords=(("clip", "leave the range", "outside", "beyond"), ("2^b - 1", "0 to 15", "15")),
    ),
    NaturalMistake(
        name="quantize: zero point taken from the real numbers",
        question="1a",
        function="linear_quantize",
        code="""
            def linear_quantize(input, scale, zero_point, N_bits, signed=True):
                if signed:
                    l, u = -1 * 2 ** (N_bits - 1), 2 ** (N_bits - 1) - 1
                else:
                    l, u = 0, 2**N_bits - 1
                shifted = input - zero_point
                return torch.round(shifted / scale).clamp(l, u)
        """,
        fix="The zero point is a code: subtract it after dividing by the scale and rounding.",
        keywords=(("zero point", "z ="), ("after dividing", "after round", "is a code", "- z")),
    ),
    NaturalMistake(
        name="quantize: rounds down and does not clip",
        question="1a",
        function="linear_quantize",
        code="""
            def linear_quantize(input, scale, zero_point, N_bits, signed=True):
                return torch.floor(input / scale) - zero_point
        """,
        fix="Codes leave the range L to U: clip. Inside the range they are rounded down.",
        keywords=(("clip", "leave the range", "outside", "beyond"),),
    ),
    NaturalMistake(
        name="quantize: a chain of operations in place",
        question="1a",
        function="linear_quantize",
        code="""
            def linear_quantize(input, scale, zero_point, N_bits, signed=True):
                low = -(2 ** (N_bits - 1)) if signed else 0
                high = 2 ** (N_bits - 1) - 1 if signed else 2**N_bits - 1
                input /= scale
                input = input.round_().sub_(zero_point).clamp_(low, high)
                return input
        """,
        fix="The tensor of the caller is overwritten: compute a new one.",
        keywords=(("in place", "overwrit"),),
    ),
    NaturalMistake(
        name="dequantize: adds the zero point to the product",
        question="1a",
        function="linear_dequantize",
        code="""
            def linear_dequantize(input, scale, zero_point):
                return input * scale + zero_point
        """,
        fix="The zero point is a code: add it before you multiply by the scale.",
        keywords=(("zero point",), ("before", "is a code")),
    ),
    NaturalMistake(
        name="dequantize: converts the codes to int",
        question="1a",
        function="linear_dequantize",
        code="""
            def linear_dequantize(input, scale, zero_point):
                codes = input.int()
                return (codes + zero_point) * scale
        """,
        fix="A conversion to int cuts the gradient off: stay in the dtype of the input.",
        keywords=(("gradient",), ("no gradient", "int", "dtype")),
    ),
)
