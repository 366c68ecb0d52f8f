"""Mistakes in linear_quantize, one each."""

import torch

UNSIGNED = ["1a.linear_quantize.unsigned", "1a.linear_quantize.every_width"]
ALL = [
    "1a.linear_quantize.signed",
    "1a.linear_quantize.unsigned",
    "1a.linear_quantize.zero_point",
    "1a.linear_quantize.every_width",
    "1a.linear_quantize.pure",
]
SIGNED = [
    "1a.linear_quantize.signed",
    "1a.linear_quantize.zero_point",
    "1a.linear_quantize.every_width",
    "1a.linear_quantize.pure",
]


@mutant(
    "ignores N_bits and uses four bits",
    sentence=(
        "Your limits are those of 4 bits whatever N_bits says; L and U of equation (1) are "
        "computed from the bit width that is passed."
    ),
    caught_by=["1a.linear_quantize.every_width"],
)
def always_four_bits():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-8, 7) if signed else (0, 15)
        return torch.clamp(torch.round(input / scale) - zero_point, low, high)


@mutant(
    "ignores signed=False",
    sentence=(
        "With signed=False the codes go from 0 to 2^b - 1; yours stay in the signed range, as"
        " if the argument were never read."
    ),
    caught_by=UNSIGNED,
)
def always_signed():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
        return torch.clamp(torch.round(input / scale) - zero_point, low, high)


@mutant(
    "rounds up",
    sentence=(
        "Equation (1) rounds to the nearest integer; your codes are always rounded up, so on "
        "average they are half a step too large."
    ),
    caught_by=ALL,
)
def ceil():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.ceil(input / scale) - zero_point, low, high)


@mutant(
    "clips before it subtracts the zero point",
    sentence=(
        "Equation (1) clips last: in your code the zero point is subtracted after clipping, "
        "and moves codes out of the range again."
    ),
    caught_by=["1a.linear_quantize.zero_point"],
)
def clips_before_zero_point():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(input / scale), low, high) - zero_point


@mutant(
    "clips the input instead of the codes",
    sentence=(
        "Your codes leave the range L to U. Equation (1) clips last, after dividing and "
        "rounding, because L and U limit the codes and not the real numbers."
    ),
    caught_by=ALL,
)
def clips_real_numbers():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.round(torch.clamp(input, low, high) / scale) - zero_point


@mutant(
    "returns the recovered real numbers",
    sentence=(
        "You return the real numbers that the codes stand for, which is equation (3); "
        "linear_quantize stops at the integers of equation (1)."
    ),
    caught_by=ALL,
)
def dequantized():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        codes = torch.clamp(torch.round(input / scale) - zero_point, low, high)
        return scale * (codes + zero_point)


@mutant(
    "divides the argument in place",
    sentence=(
        "Your code writes into the tensor that it was given, so the caller's real numbers are"
        " lost. Compute the codes as a new tensor and leave the input as it is."
    ),
    caught_by=["1a.linear_quantize.pure"],
)
def divides_in_place():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(input.div_(scale)) - zero_point, low, high)


@mutant(
    "returns a flat vector",
    sentence=(
        "Your codes are right but come as one long vector; every element of the input keeps "
        "its place, so the result has the input's shape."
    ),
    caught_by=["1a.linear_quantize.every_width", "1a.linear_quantize.pure"],
)
def flattened():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        quotient = input.flatten() / scale
        return torch.clamp(torch.round(quotient) - zero_point, low, high)


@mutant(
    "rounds down",
    sentence=(
        "Equation (1) rounds to the nearest integer; your codes are always rounded down, so "
        "on average they are half a step too small."
    ),
    caught_by=ALL,
)
def floor():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.floor(input / scale) - zero_point, low, high)


@mutant(
    "multiplies by the scale",
    sentence=(
        "A code counts the steps of width s that fit into x, so equation (1) divides by the "
        "scale; your code seems to multiply by it."
    ),
    caught_by=ALL,
)
def multiplies_by_scale():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(input * scale) - zero_point, low, high)


@mutant(
    "symmetric signed range without -2^(b-1)",
    sentence=(
        "Your signed range is the same on both sides of zero; equation (1) uses all 2^b "
        "codes, and so has one negative code more, -2^(b-1)."
    ),
    caught_by=SIGNED,
)
def narrow_range():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if signed:
            low, high = -(2 ** (N_bits - 1)) + 1, 2 ** (N_bits - 1) - 1
        else:
            low, high = 0, 2**N_bits - 1
        return torch.clamp(torch.round(input / scale) - zero_point, low, high)


@mutant(
    "does not clip",
    sentence=(
        "Nothing limits your codes to L .. U. Equation (1) clips them at the end. If you do clip, "
        "keep the result: clamp does not change its argument."
    ),
    caught_by=ALL,
)
def no_clipping():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return torch.round(input / scale) - zero_point


@mutant(
    "does not round",
    sentence=(
        "Codes are integers: equation (1) rounds x / s before it clips, and your codes still "
        "have digits after the point."
    ),
    caught_by=ALL,
)
def no_rounding():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(input / scale - zero_point, low, high)


@mutant(
    "rounds the input and then divides by the scale",
    sentence=(
        "Equation (1) divides by the scale first and rounds the quotient; your code seems to "
        "round the real numbers and to divide afterwards."
    ),
    caught_by=ALL,
)
def rounds_before_dividing():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(input) / scale - zero_point, low, high)


@mutant(
    "signed and unsigned limits swapped",
    sentence=(
        "Signed codes go from -2^(b-1) to 2^(b-1) - 1 and unsigned ones from 0 to 2^b - 1; "
        "your code seems to use each range where the other belongs."
    ),
    caught_by=ALL,
)
def signed_and_unsigned_swapped():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if signed:
            low, high = 0, 2**N_bits - 1
        else:
            low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
        return torch.clamp(torch.round(input / scale) - zero_point, low, high)


@mutant(
    "signed codes go down to -2^(b-1) - 1",
    sentence=(
        "Your smallest signed code is one below L = -2^(b-1) of equation (1): that makes more"
        " codes than b bits can represent."
    ),
    caught_by=SIGNED,
)
def signed_lower_too_low():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if signed:
            low, high = -(2 ** (N_bits - 1)) - 1, 2 ** (N_bits - 1) - 1
        else:
            low, high = 0, 2**N_bits - 1
        return torch.clamp(torch.round(input / scale) - zero_point, low, high)


@mutant(
    "signed codes reach 2^(b-1)",
    sentence=(
        "One of the 2^b signed codes is zero, so the largest is 2^(b-1) - 1; yours reach one "
        "further, which b bits cannot hold."
    ),
    caught_by=SIGNED,
)
def signed_upper_too_large():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if signed:
            low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1)
        else:
            low, high = 0, 2**N_bits - 1
        return torch.clamp(torch.round(input / scale) - zero_point, low, high)


@mutant(
    "rounds at random",
    sentence=(
        "Equation (1) rounds to the nearest integer; your codes seem to be rounded up or down"
        " at random, and differ from call to call."
    ),
    caught_by=ALL,
    named=False,
)
def stochastic_rounding():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        quotient = input / scale
        rounded = torch.floor(quotient + torch.rand_like(quotient))
        return torch.clamp(rounded - zero_point, low, high)


@mutant(
    "stores codes as int8, where unsigned ones of 8 bits wrap",
    sentence=(
        "Large unsigned codes come back negative from you: int8 ends at 127, and codes of 8 "
        "bits reach 255. Hold the codes in the dtype of the input."
    ),
    caught_by=["1a.linear_quantize.every_width"],
)
def stored_as_int8():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        codes = torch.clamp(torch.round(input / scale) - zero_point, low, high)
        return codes.to(torch.int32).to(torch.int8)


@mutant(
    "truncates instead of rounding",
    sentence="Equation (1) rounds to the nearest integer; your codes are cut off toward zero.",
    caught_by=ALL,
)
def truncates():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.trunc(input / scale) - zero_point, low, high)


@mutant(
    "unsigned codes only up to 2^(b-1) - 1",
    sentence=(
        "Unsigned codes need no bit for a sign, so they go up to 2^b - 1; yours end at "
        "2^(b-1) - 1 and leave half of the range unused."
    ),
    caught_by=UNSIGNED,
)
def unsigned_half_range():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if signed:
            low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
        else:
            low, high = 0, 2 ** (N_bits - 1) - 1
        return torch.clamp(torch.round(input / scale) - zero_point, low, high)


@mutant(
    "unsigned codes reach 2^b",
    sentence=(
        "Counting from 0, the last of 2^b unsigned codes is 2^b - 1; yours reach 2^b, one "
        "more than b bits can hold."
    ),
    caught_by=UNSIGNED,
)
def unsigned_upper_too_large():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if signed:
            low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
        else:
            low, high = 0, 2**N_bits
        return torch.clamp(torch.round(input / scale) - zero_point, low, high)


@mutant(
    "upper limit one too small",
    sentence=(
        "Your largest code is one less than U of equation (1), as if the upper limit did not "
        "belong to the range; it does."
    ),
    caught_by=ALL,
)
def upper_too_small():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(input / scale) - zero_point, low, high - 1)


@mutant(
    "writes the codes into the argument",
    sentence=(
        "Your code writes into the tensor that it was given, so the caller's real numbers are"
        " lost. Compute the codes as a new tensor and leave the input as it is."
    ),
    caught_by=["1a.linear_quantize.pure"],
)
def writes_into_input():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(input / scale) - zero_point, low, high, out=input)


@mutant(
    "adds the zero point",
    sentence=(
        "Equation (1) subtracts the zero point, and only equation (3) adds it back; your code"
        " seems to add it here already."
    ),
    caught_by=["1a.linear_quantize.zero_point"],
)
def zero_point_added():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(input / scale) + zero_point, low, high)


@mutant(
    "subtracts the zero point from the real numbers",
    sentence=(
        "The zero point is a code: equation (1) subtracts it after dividing by the scale. "
        "Your code seems to subtract it from the real numbers."
    ),
    caught_by=["1a.linear_quantize.zero_point"],
)
def zero_point_before_dividing():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round((input - zero_point) / scale), low, high)


@mutant(
    "ignores the zero point",
    sentence=(
        "Your codes are the same whatever the zero point is; equation (1) subtracts it after "
        "rounding, and the function has to, even if it is nearly always 0 here."
    ),
    caught_by=["1a.linear_quantize.zero_point"],
)
def zero_point_ignored():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(input / scale), low, high)


@mutant(
    "subtracts the zero point times the scale",
    sentence=(
        "The zero point is a code, an integer like the others, and equation (1) subtracts it "
        "as it is; your code seems to multiply it by the scale first."
    ),
    caught_by=["1a.linear_quantize.zero_point"],
)
def zero_point_times_scale():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(input / scale) - zero_point * scale, low, high)
