"""Mistakes in reset_scale_and_zero_point, one each."""

import math

import torch

HEURISTIC = ["1a.reset.heuristic", "1a.reset.heuristic_above_maximum"]
ALL = [
    "1a.reset.sym",
    "1a.reset.unsigned",
    "1a.reset.heuristic",
    "1a.reset.heuristic_above_maximum",
    "1a.reset.SAWB",
]


def search_scale(data, N_bits, measure=None, reach=2, signed=True):
    widest = reach * data.abs().max() / 2 ** (N_bits - 1)
    best, least = widest, math.inf
    for k in range(1, 501):
        scale = widest * k / 500
        codes = linear_quantize(data, scale, 0, N_bits, signed)
        differences = data - linear_dequantize(codes, scale, 0)
        error = measure(differences) if measure else differences.square().mean()
        if error < least:
            best, least = scale, error
    return best


def replace_method(methods, find_scale):
    other_methods = reset_scale_and_zero_point

    def replaced(input, N_bits=4, method="sym"):
        if method not in methods:
            return other_methods(input, N_bits, method)
        scale = find_scale(input.detach(), N_bits)
        return (scale if scale > 0 else torch.ones_like(scale)), 0

    return replaced


def replace_result(change):
    correct = reset_scale_and_zero_point

    def replaced(input, N_bits=4, method="sym"):
        return change(input, *correct(input, N_bits, method))

    return replaced


@mutant(
    "heuristic: searches with four bits whatever N_bits is",
    sentence=(
        "Your search quantizes with 4 bits whatever N_bits is; another width has another best"
        " scale, so the error must be measured with the width asked for."
    ),
    caught_by=HEURISTIC,
)
def heuristic_always_four_bits():
    def _scale_of_least_error(data, N_bits):
        return search_scale(data, 4)


@mutant(
    "heuristic: tries eight scales",
    sentence=(
        "Your search tries so few scales that the best one falls between them. Equation (4) "
        "is cheap to evaluate: try many more, or search again around the best."
    ),
    caught_by=HEURISTIC,
)
def heuristic_few_candidates():
    def _scale_of_least_error(data, N_bits):
        widest = 2 * data.abs().max() / 2 ** (N_bits - 1)
        best, least = widest, math.inf
        for k in range(8):
            scale = widest / 1.5**k
            codes = linear_quantize(data, scale, 0, N_bits)
            error = (data - linear_dequantize(codes, scale, 0)).square().mean()
            if error < least:
                best, least = scale, error
        return best


@mutant(
    "heuristic: the scale of sym without a search",
    sentence=(
        "Your s is the one of sym, max |x| / 2^(b-1). The one of least error by equation (4) may "
        "be much smaller or larger: try both, and compare the errors."
    ),
    caught_by=HEURISTIC,
)
def heuristic_is_sym():
    def _scale_of_least_error(data, N_bits):
        return data.abs().max() / 2 ** (N_bits - 1)


@mutant(
    "heuristic: least largest error",
    sentence=(
        "Equation (4) is about the mean of the squared errors; you seem to minimize the "
        "largest error, for which a few far numbers decide alone."
    ),
    caught_by=["1a.reset.heuristic"],
    sometimes=["1a.reset.heuristic_above_maximum"],
)
def heuristic_largest_error():
    def _scale_of_least_error(data, N_bits):
        return search_scale(data, N_bits, lambda differences: differences.abs().max())


@mutant(
    "heuristic: least mean absolute error",
    sentence=(
        "Equation (4) is about the mean of the squared errors; you seem to minimize the mean "
        "of their magnitudes, which cares less about clipped numbers."
    ),
    caught_by=HEURISTIC,
)
def heuristic_mean_absolute_error():
    def _scale_of_least_error(data, N_bits):
        return search_scale(data, N_bits, lambda differences: differences.abs().mean())


@mutant(
    "heuristic: returns the clipping value",
    sentence=(
        "Your search finds the best range but returns its end; the scale is the width of one "
        "step, 2^(b-1) times smaller."
    ),
    caught_by=HEURISTIC,
)
def heuristic_returns_alpha():
    def _scale_of_least_error(data, N_bits):
        return search_scale(data, N_bits) * 2 ** (N_bits - 1)


@mutant(
    "heuristic: returns the least error",
    sentence="You return the least error itself; what is asked for is the scale that has it.",
    caught_by=HEURISTIC,
)
def heuristic_returns_the_error():
    def _scale_of_least_error(data, N_bits):
        widest = 2 * data.abs().max() / 2 ** (N_bits - 1)
        least = data.square().mean()
        for k in range(1, 501):
            scale = widest * k / 500
            codes = linear_quantize(data, scale, 0, N_bits)
            error = (data - linear_dequantize(codes, scale, 0)).square().mean()
            least = error if error < least else least
        return least


@mutant(
    "heuristic: no range beyond max |x|",
    sentence=(
        "The range of your scale ends at max |x|. The one of least error by equation (4) may "
        "be much shorter, but it may also lie beyond max |x|: the search has to try both."
    ),
    caught_by=["1a.reset.heuristic_above_maximum"],
)
def heuristic_stops_at_maximum():
    def _scale_of_least_error(data, N_bits):
        return search_scale(data, N_bits, reach=1)


@mutant(
    "heuristic: searches on the unsigned grid",
    sentence=(
        "Your search measures the error with unsigned codes, where every negative number "
        "becomes 0; heuristic is for signed codes."
    ),
    caught_by=HEURISTIC,
)
def heuristic_unsigned_grid():
    def _scale_of_least_error(data, N_bits):
        return search_scale(data, N_bits, signed=False)


@mutant(
    "returns (0, scale)",
    sentence=(
        "The scale comes first and the zero point second; you return them the other way round."
    ),
    caught_by=ALL,
)
def order_swapped():
    def change(input, scale, zero_point):
        return zero_point, scale

    reset_scale_and_zero_point = replace_result(change)


@mutant(
    "SAWB: get_scale with the default width",
    sentence=(
        "SAWB calls get_scale with its default of 8 bits in your code; the bit width must be "
        "passed on."
    ),
    caught_by=["1a.reset.SAWB"],
)
def sawb_always_eight_bits():
    def find_scale(data, N_bits):
        return get_scale(data)

    reset_scale_and_zero_point = replace_method(["SAWB"], find_scale)


@mutant(
    "SAWB: divides the step by 2^(b-1) again",
    sentence="get_scale has divided alpha by 2^(b-1) already; you seem to divide a second time.",
    caught_by=["1a.reset.SAWB"],
)
def sawb_divided_again():
    def find_scale(data, N_bits):
        return get_scale(data, N_bits) / 2 ** (N_bits - 1)

    reset_scale_and_zero_point = replace_method(["SAWB"], find_scale)


@mutant(
    "SAWB: multiplies the step by 2^(b-1)",
    sentence=(
        "get_scale returns the width of a step already; you seem to multiply it by 2^(b-1) "
        "and so return alpha, the end of the range."
    ),
    caught_by=["1a.reset.SAWB"],
)
def sawb_returns_alpha():
    def find_scale(data, N_bits):
        return get_scale(data, N_bits) * 2 ** (N_bits - 1)

    reset_scale_and_zero_point = replace_method(["SAWB"], find_scale)


@mutant(
    "returns the scale without the zero point",
    sentence="You return only the scale; a pair is asked for, the scale and the zero point 0.",
    caught_by=ALL,
)
def scale_alone():
    def change(input, scale, zero_point):
        return scale

    reset_scale_and_zero_point = replace_result(change)


@mutant(
    "returns the scale in a python list",
    sentence=(
        "Your scale comes in a python list, with which nothing can be divided. It is a tensor"
        " without dimensions."
    ),
    caught_by=ALL,
)
def scale_in_list():
    def change(input, scale, zero_point):
        return [scale.item()], 0

    reset_scale_and_zero_point = replace_result(change)


@mutant(
    "repeats the scale for every element",
    sentence=(
        "Your scale has the shape of the input, the same number for every element; one tensor"
        " without dimensions is asked for."
    ),
    caught_by=ALL,
)
def scale_per_element():
    def change(input, scale, zero_point):
        return scale.expand_as(input).clone(), 0

    reset_scale_and_zero_point = replace_result(change)


@mutant(
    "sym: divides by 2^b",
    sentence=(
        "You divide max |x| by 2^b, the number of all codes. Only half of them are on each "
        "side of zero, so sym divides by 2^(b-1)."
    ),
    caught_by=["1a.reset.sym"],
)
def sym_by_all_codes():
    def find_scale(data, N_bits):
        return data.abs().max() / 2**N_bits

    reset_scale_and_zero_point = replace_method(["sym"], find_scale)


@mutant(
    "sym: divides by 2^(b-1) - 1",
    sentence=(
        "sym is asked for as s = max |x| / 2^(b-1); you divide by 2^(b-1) - 1, the convention"
        " of a grid that is the same on both sides of zero."
    ),
    caught_by=["1a.reset.sym"],
)
def sym_by_largest_code():
    def find_scale(data, N_bits):
        return data.abs().max() / (2 ** (N_bits - 1) - 1)

    reset_scale_and_zero_point = replace_method(["sym"], find_scale)


@mutant(
    "sym: max x instead of max |x|",
    sentence=(
        "sym takes the largest magnitude, max |x|; you seem to take the largest number, which"
        " misses negative numbers that are farther from zero."
    ),
    caught_by=["1a.reset.sym"],
)
def sym_by_largest_value():
    def find_scale(data, N_bits):
        return data.max().clamp(min=0) / 2 ** (N_bits - 1)

    reset_scale_and_zero_point = replace_method(["sym"], find_scale)


@mutant(
    "sym: largest minus smallest number over 2^b - 1",
    sentence=(
        "Your scale spreads the codes from the smallest to the largest number, which needs a "
        "zero point. sym has zero point 0 and s = max |x| / 2^(b-1)."
    ),
    caught_by=["1a.reset.sym"],
)
def sym_by_range():
    def find_scale(data, N_bits):
        return (data.max() - data.min()) / (2**N_bits - 1)

    reset_scale_and_zero_point = replace_method(["sym"], find_scale)


@mutant(
    "sym: returns max |x|",
    sentence=(
        "You return max |x|, the whole range; the scale is the width of one step, so it is "
        "divided by the 2^(b-1) steps."
    ),
    caught_by=["1a.reset.sym"],
)
def sym_not_divided():
    def find_scale(data, N_bits):
        return data.abs().max()

    reset_scale_and_zero_point = replace_method(["sym"], find_scale)


@mutant(
    "sym: one scale per index of the first dimension",
    sentence=(
        "max |x| is taken over all elements and gives one scale for the whole tensor; you "
        "return one for each index of the first dimension."
    ),
    caught_by=["1a.reset.sym"],
)
def sym_per_channel():
    other_methods = reset_scale_and_zero_point

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method != "sym":
            return other_methods(input, N_bits, method)
        data = input.detach()
        scale = data.flatten(1).abs().amax(1) / 2 ** (N_bits - 1)
        return torch.where(scale > 0, scale, 1.0), 0


@mutant(
    "unsigned: divides by 2^b",
    sentence=(
        "The largest number must become the largest code, which is 2^b - 1 because counting "
        "begins at 0; you divide by 2^b."
    ),
    caught_by=["1a.reset.unsigned"],
)
def unsigned_by_all_codes():
    def find_scale(data, N_bits):
        return data.max().clamp(min=0) / 2**N_bits

    reset_scale_and_zero_point = replace_method(["unsigned", "asym"], find_scale)


@mutant(
    "unsigned: divides by 2^(b-1) - 1",
    sentence=(
        "You divide by 2^(b-1) - 1, the largest signed code. The largest unsigned code is 2^b"
        " - 1, and it is the one that the largest number must get."
    ),
    caught_by=["1a.reset.unsigned"],
)
def unsigned_by_largest_signed_code():
    def find_scale(data, N_bits):
        return data.max().clamp(min=0) / (2 ** (N_bits - 1) - 1)

    reset_scale_and_zero_point = replace_method(["unsigned", "asym"], find_scale)


@mutant(
    "unsigned: divides by 2^(b-1)",
    sentence=(
        "You divide by 2^(b-1), as for signed codes. Unsigned codes reach 2^b - 1, so your "
        "steps are about twice as wide as they need to be."
    ),
    caught_by=["1a.reset.unsigned"],
)
def unsigned_by_signed_codes():
    def find_scale(data, N_bits):
        return data.max().clamp(min=0) / 2 ** (N_bits - 1)

    reset_scale_and_zero_point = replace_method(["unsigned", "asym"], find_scale)


@mutant(
    "unsigned: subtracts the smallest number",
    sentence=(
        "Your range begins at the smallest number of the data, but with the zero point 0 the "
        "code 0 stands for the number 0. The range goes from 0 to the largest number."
    ),
    caught_by=["1a.reset.unsigned"],
)
def unsigned_with_offset():
    def find_scale(data, N_bits):
        return (data.max() - data.min()) / (2**N_bits - 1)

    reset_scale_and_zero_point = replace_method(["unsigned", "asym"], find_scale)


@mutant(
    "zero point is min x / s",
    sentence=(
        "All methods of this assignment have the zero point 0, so that code 0 stands for the "
        "number 0; you seem to compute one from the smallest number."
    ),
    caught_by=ALL,
)
def zero_point_from_minimum():
    def change(input, scale, zero_point):
        return scale, input.detach().min() / scale

    reset_scale_and_zero_point = replace_result(change)


@mutant(
    "zero point is 0.5",
    sentence=(
        "You return 0.5 as the zero point. A zero point is a code, and so an integer; in this"
        " assignment it is always 0."
    ),
    caught_by=ALL,
)
def zero_point_half():
    def change(input, scale, zero_point):
        return scale, 0.5

    reset_scale_and_zero_point = replace_result(change)


@mutant(
    "zero point is None",
    sentence=(
        "You return None in the place of the zero point; it is the integer 0, which "
        "linear_quantize and linear_dequantize compute with."
    ),
    caught_by=ALL,
)
def zero_point_none():
    def change(input, scale, zero_point):
        return scale, None

    reset_scale_and_zero_point = replace_result(change)
