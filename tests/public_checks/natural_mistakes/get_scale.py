"""Ten natural mistakes in get_scale."""

from tests.public_checks.natural_mistakes.mistake import NaturalMistake

MISTAKES = (
    NaturalMistake(
        name="get_scale: torch.std for the root mean square",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                c1, c2 = SAWB_COEFFICIENTS[N_bits]
                std = torch.std(input)
                mean = torch.mean(torch.abs(input))
                alpha = c1 * std - c2 * mean
                if alpha <= 0:
                    alpha = input.abs().max()
                return alpha / 2 ** (N_bits - 1)
        """,
        fix="E(X^2) is the mean of the squares. A standard deviation subtracts the mean first.",
        keywords=(("standard deviation", "variance", "subtracts the mean", "subtract the mean"),),
    ),
    NaturalMistake(
        name="get_scale: square of the mean for mean of the squares",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                c1, c2 = SAWB_COEFFICIENTS[N_bits]
                mean_abs = input.abs().mean()
                alpha = c1 * torch.sqrt(mean_abs**2) - c2 * mean_abs
                alpha = alpha if alpha > 0 else input.abs().max()
                return alpha / 2 ** (N_bits - 1)
        """,
        fix="Square first, then take the mean: E(X^2) is not the square of E|X|.",
        keywords=(("mean of squares", "mean of the squares", "square first"),),
    ),
    NaturalMistake(
        name="get_scale: alpha instead of the step",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                coeff1, coeff2 = SAWB_COEFFICIENTS[N_bits]
                rms = (input**2).mean() ** 0.5
                alpha = coeff1 * rms - coeff2 * input.abs().mean()
                if alpha <= 0:
                    return input.abs().max()
                return alpha
        """,
        fix="You return alpha, the end of the range. The step is alpha / 2^(b-1).",
        keywords=(("alpha",), ("you return alpha", "is alpha", "end of the range", "not divided")),
    ),
    NaturalMistake(
        name="get_scale: both halves of the range over the number of steps",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                c1, c2 = SAWB_COEFFICIENTS[N_bits]
                alpha = c1 * input.pow(2).mean().sqrt() - c2 * input.abs().mean()
                if alpha <= 0:
                    alpha = input.abs().max()
                # the range is [-alpha, alpha], with 2^b - 1 steps
                return 2 * alpha / (2**N_bits - 1)
        """,
        fix="The step is alpha / 2^(b-1), half of the range over half of the codes.",
        keywords=(
            ("2^(b-1)",),
            ("2^b - 1", "2^(b-1) - 1", "number of steps", "divisor", "divides"),
        ),
    ),
    NaturalMistake(
        name="get_scale: a power without its parentheses",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                c1, c2 = SAWB_COEFFICIENTS[N_bits]
                ex2 = torch.mean(torch.square(input))
                ex = torch.mean(torch.abs(input))
                alpha = c1 * torch.sqrt(ex2) - c2 * ex
                alpha = torch.where(alpha > 0, alpha, input.abs().max())
                return alpha / 2**N_bits - 1
        """,
        fix="The step comes out negative: divide by 2^(b-1), in parentheses.",
        keywords=(("negative", "parenthes", "below zero"), ("exponent", "2^(b-1)")),
    ),
    NaturalMistake(
        name="get_scale: magnitude of the mean",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                c1, c2 = SAWB_COEFFICIENTS[N_bits]
                alpha = c1 * (input * input).mean().sqrt() - c2 * input.mean().abs()
                if alpha.item() <= 0:
                    alpha = input.abs().max()
                return alpha / (1 << (N_bits - 1))
        """,
        fix="E|X| takes the magnitude of every number first and then the mean.",
        keywords=(
            ("magnitude", "absolute", "|x|"),
            ("before the mean", "of every number", "of each", "then the mean", "e[x]", "cancel"),
        ),
    ),
    NaturalMistake(
        name="get_scale: constants of 8 bits for every width",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                c1, c2 = SAWB_COEFFICIENTS[8]
                x = input.flatten()
                alpha = c1 * torch.linalg.vector_norm(x) / len(x) ** 0.5 - c2 * x.abs().mean()
                if alpha <= 0:
                    alpha = x.abs().max()
                return alpha / 2 ** (N_bits - 1)
        """,
        fix="Take c1 and c2 of the width N_bits; yours are those of 8 bits.",
        keywords=(
            ("c1", "coefficient", "constants"),
            ("8 bits", "of n_bits", "another width", "every width", "of that width"),
        ),
    ),
    NaturalMistake(
        name="get_scale: the mean along one axis",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                c1, c2 = SAWB_COEFFICIENTS[N_bits]
                rms = input.pow(2).mean(dim=-1).sqrt()
                mae = input.abs().mean(dim=-1)
                alpha = c1 * rms - c2 * mae
                return alpha / 2 ** (N_bits - 1)
        """,
        fix="E is the mean over all numbers: the scale is one number, without dimensions.",
        keywords=(("shape", "one number", "dimensions", "all numbers"), ("got", "over all")),
    ),
    NaturalMistake(
        name="get_scale: a norm without the mean",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                c1, c2 = SAWB_COEFFICIENTS[N_bits]
                alpha = c1 * input.norm() - c2 * input.abs().mean()
                if alpha <= 0:
                    alpha = input.abs().max()
                return alpha / 2 ** (N_bits - 1)
        """,
        fix="A norm is the root of the sum of squares; equation (5) needs the mean of the squares.",
        keywords=(("sum of", "norm", "too large", "times"), ("mean",)),
    ),
    NaturalMistake(
        name="get_scale: never less than the largest number",
        question="1a",
        function="get_scale",
        code="""
            def get_scale(input, N_bits=8):
                c1, c2 = SAWB_COEFFICIENTS[N_bits]
                alpha = c1 * input.square().mean().sqrt() - c2 * input.abs().mean()
                alpha = torch.maximum(alpha, input.abs().max())
                return alpha / 2 ** (N_bits - 1)
        """,
        fix="Your alpha is max |x|. That is only for data where alpha is not positive.",
        keywords=(("larger of alpha",),),
    ),
)
