"""Mistakes in get_scale, one each."""

import torch

ALL = ["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"]


def equation_5(x, c1, c2):
    return c1 * x.square().mean().sqrt() - c2 * x.abs().mean()


def scale_by(input, N_bits, equation=equation_5, steps=None):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    x = input.detach().double()
    alpha = equation(x, *SAWB_COEFFICIENTS[N_bits])
    if alpha <= 0:
        alpha = x.abs().max()
    return (alpha / (steps or 2 ** (N_bits - 1))).to(input.dtype)


@mutant(
    "coefficients of 4 bits for every width",
    sentence=(
        "c1 and c2 of equation (5) are different for each bit width; you seem to use those of"
        " 4 bits whatever N_bits is."
    ),
    caught_by=ALL,
)
def always_four_bit_coefficients():
    def get_scale(input, N_bits=8):
        return scale_by(input, N_bits, lambda x, c1, c2: equation_5(x, *SAWB_COEFFICIENTS[4]))


@mutant(
    "c1 and c2 swapped",
    sentence=(
        "In equation (5) c1 belongs to the root of E[x^2] and c2 to E|x|; your result is the "
        "one with the two swapped."
    ),
    caught_by=ALL,
)
def coefficients_swapped():
    def get_scale(input, N_bits=8):
        return scale_by(input, N_bits, lambda x, c1, c2: equation_5(x, c2, c1))


@mutant(
    "divides by 2^b",
    sentence=(
        "You divide alpha by 2^b, the number of all codes; alpha is only the length of one "
        "side of zero, so s = alpha / 2^(b-1)."
    ),
    caught_by=ALL,
)
def divides_by_all_codes():
    def get_scale(input, N_bits=8):
        return scale_by(input, N_bits, steps=2**N_bits)


@mutant(
    "divides by 2^(b-1) - 1",
    sentence=(
        "You divide alpha by the largest code, 2^(b-1) - 1; the grid of this assignment has s"
        " = alpha / 2^(b-1), and the coefficients are fitted for it."
    ),
    caught_by=ALL,
)
def divides_by_largest_code():
    def get_scale(input, N_bits=8):
        return scale_by(input, N_bits, steps=2 ** (N_bits - 1) - 1)


@mutant(
    "largest minus smallest number over 2^b - 1",
    sentence=(
        "Your scale spreads the codes over the whole range of the data, from its smallest to "
        "its largest number; SAWB computes alpha by equation (5) and clips."
    ),
    caught_by=ALL,
)
def full_range():
    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"no coefficients for {N_bits} bits")
        width = input.detach().max() - input.detach().min()
        return (width / (2**N_bits - 1)).to(input.dtype)


@mutant(
    "max |x| instead of alpha",
    sentence=(
        "Your scale is max |x| / 2^(b-1), which is the method sym, although alpha of equation (5) "
        "is positive. Check that yours is too (c1 multiplies only the root), and that you do not "
        "take the larger of alpha and max |x|."
    ),
    caught_by=ALL,
)
def maximum():
    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"no coefficients for {N_bits} bits")
        alpha = input.detach().abs().max()
        return (alpha / 2 ** (N_bits - 1)).to(input.dtype)


@mutant(
    "E[x] instead of E|x|",
    sentence=(
        "The second term of equation (5) is the mean of |x|; you seem to take the mean of x, "
        "in which positive and negative numbers cancel."
    ),
    caught_by=ALL,
)
def mean_without_abs():
    def get_scale(input, N_bits=8):
        def equation(x, c1, c2):
            return c1 * x.square().mean().sqrt() - c2 * x.mean()

        return scale_by(input, N_bits, equation)


@mutant(
    "median instead of the mean",
    sentence=(
        "E in equation (5) is the mean; for |x| you seem to take the median, which large "
        "values hardly move."
    ),
    caught_by=ALL,
)
def median():
    def get_scale(input, N_bits=8):
        def equation(x, c1, c2):
            return c1 * x.square().mean().sqrt() - c2 * x.abs().median()

        return scale_by(input, N_bits, equation)


@mutant(
    "one scale per index of the first dimension",
    sentence=(
        "E in equation (5) is the mean over all elements, and the result one number; you "
        "return one scale for each index of the first dimension."
    ),
    caught_by=ALL,
)
def per_channel():
    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"no coefficients for {N_bits} bits")
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
        x = input.detach().flatten(1)
        alpha = c1 * x.square().mean(1).sqrt() - c2 * x.abs().mean(1)
        alpha = torch.where(alpha > 0, alpha, x.abs().amax(1))
        return (alpha / 2 ** (N_bits - 1)).to(input.dtype)


@mutant(
    "adds the two terms",
    sentence=(
        "Equation (5) subtracts c2 E|x| from the first term; your code seems to add it, which"
        " makes the range far too wide."
    ),
    caught_by=ALL,
)
def plus_instead_of_minus():
    def get_scale(input, N_bits=8):
        def equation(x, c1, c2):
            return c1 * x.square().mean().sqrt() + c2 * x.abs().mean()

        return scale_by(input, N_bits, equation)


@mutant(
    "returns alpha",
    sentence=(
        "You return alpha, the clipping value of equation (5); the scale is the width of one "
        "step, s = alpha / 2^(b-1)."
    ),
    caught_by=ALL,
)
def returns_alpha():
    def get_scale(input, N_bits=8):
        return scale_by(input, N_bits, steps=1)


@mutant(
    "leaves out the square root",
    sentence=(
        "Equation (5) takes the square root of E[x^2]; without it the first term is in "
        "squared units and cannot be set against E|x|."
    ),
    caught_by=ALL,
)
def square_without_root():
    def get_scale(input, N_bits=8):
        def equation(x, c1, c2):
            return c1 * x.square().mean() - c2 * x.abs().mean()

        return scale_by(input, N_bits, equation)


@mutant(
    "standard deviation instead of the RMS",
    sentence=(
        "Equation (5) takes the root of E[x^2]. A standard deviation subtracts the mean "
        "first, and is the same only where the mean is zero."
    ),
    caught_by=ALL,
)
def std_instead_of_rms():
    def get_scale(input, N_bits=8):
        def equation(x, c1, c2):
            return c1 * x.std() - c2 * x.abs().mean()

        return scale_by(input, N_bits, equation)
