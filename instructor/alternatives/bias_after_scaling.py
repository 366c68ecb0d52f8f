"""
differs = "the bias is turned into real numbers and added after scaling"
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    scale = input_scale * weight_scale
    y = integer_linear(input, weight).float() * scale
    if bias is not None:
        y = y + linear_dequantize(bias.float(), scale, 0)
    return y


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    scale = input_scale * weight_scale
    y = integer_conv2d(input, weight, stride, padding, dilation, groups).float() * scale
    if bias is not None:
        real_bias = linear_dequantize(bias.float(), scale, 0)
        y = y + real_bias.view(1, -1, 1, 1)
    return y
