"""
fault = "does not pass the stride on"
sentence = "The stride does not reach your integer convolution. Pass on all four arguments of the \
geometry."
caught_by = ["2b.quantized_conv2d.geometry"]
"""


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    sums = integer_conv2d(input, weight, 1, padding, dilation, groups).long()
    if bias is not None:
        sums = sums + bias.view(-1, 1, 1)
    return input_scale * weight_scale * sums
