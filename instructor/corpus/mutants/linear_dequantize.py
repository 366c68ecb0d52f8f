"""Mistakes in linear_dequantize, one each."""

import torch

ALL = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]


@mutant(
    "computes outside autograd, which cuts the gradient",
    sentence=(
        "Your numbers are right, but no gradient passes through: quantization-aware training "
        "needs one. Compute with tensors, without detach or numpy."
    ),
    caught_by=["1a.linear_dequantize.values"],
)
def cuts_gradient():
    def linear_dequantize(input, scale, zero_point):
        return scale * (input.detach() + zero_point)


@mutant(
    "divides by the scale",
    sentence=(
        "The scale is the width of one step, so a code times the scale is a real number "
        "again; your code seems to divide, as equation (1) does on the way in."
    ),
    caught_by=ALL,
)
def divides_by_scale():
    def linear_dequantize(input, scale, zero_point):
        return (input + zero_point) / scale


@mutant(
    "maps the smallest code to zero",
    sentence=(
        "Equation (3) takes code -z to the number 0; your result is shifted, as if counting "
        "began at the smallest code."
    ),
    caught_by=ALL,
)
def range_shifted():
    def linear_dequantize(input, scale, zero_point):
        return scale * (input - input.min() + zero_point)


@mutant(
    "rounds the recovered numbers",
    sentence=(
        "Only codes are integers: equation (3) gives real numbers, which are multiples of the"
        " scale, and your result has been rounded to integers once more."
    ),
    caught_by=ALL,
)
def rounds():
    def linear_dequantize(input, scale, zero_point):
        return torch.round(scale * (input + zero_point))


@mutant(
    "does not scale",
    sentence=(
        "You return codes with the zero point added back; equation (3) also multiplies them "
        "by the scale, which turns counts of steps into real numbers."
    ),
    caught_by=ALL,
)
def scale_ignored():
    def linear_dequantize(input, scale, zero_point):
        return input + zero_point


@mutant(
    "ignores the zero point",
    sentence=(
        "Your result is the same whatever the zero point is; equation (3) adds it back to the"
        " codes, and the function has to, even if it is nearly always 0 here."
    ),
    caught_by=["1a.linear_dequantize.zero_point"],
)
def zero_point_ignored():
    def linear_dequantize(input, scale, zero_point):
        return scale * input


@mutant(
    "adds the zero point after scaling",
    sentence=(
        "The zero point is a code, so equation (3) adds it to the codes and multiplies the "
        "sum by the scale; your code seems to add it to the real numbers."
    ),
    caught_by=["1a.linear_dequantize.zero_point"],
)
def zero_point_not_scaled():
    def linear_dequantize(input, scale, zero_point):
        return scale * input + zero_point


@mutant(
    "subtracts the zero point",
    sentence=(
        "Equation (1) has subtracted the zero point already, so equation (3) must add it "
        "back; your code seems to subtract it a second time."
    ),
    caught_by=["1a.linear_dequantize.zero_point"],
)
def zero_point_subtracted():
    def linear_dequantize(input, scale, zero_point):
        return scale * (input - zero_point)


@mutant(
    "adds the zero point twice",
    sentence=(
        "Equation (3) adds the zero point once; in your result it seems to have been added "
        "twice, so everything is shifted."
    ),
    caught_by=["1a.linear_dequantize.zero_point"],
)
def zero_point_twice():
    def linear_dequantize(input, scale, zero_point):
        codes = input + zero_point
        return scale * (codes + zero_point)
