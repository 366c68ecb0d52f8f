"""
differs = "(s_x acc) s_w: one scale after the other, the output in float64"
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    acc = integer_linear(input, weight).double()
    if bias is not None:
        acc = acc + bias
    return (input_scale * acc) * weight_scale


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    acc = integer_conv2d(
        input, weight, stride=stride, padding=padding, dilation=dilation, groups=groups
    ).double()
    if bias is not None:
        acc = acc.movedim(1, -1).add(bias).movedim(-1, 1)
    return (input_scale * acc) * weight_scale
