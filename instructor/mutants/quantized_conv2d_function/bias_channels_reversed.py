"""
fault = "adds the bias to the channels in reverse order"
sentence = "Your biases are added to the wrong channels, the last one to the first. Bias c \
belongs to output channel c."
caught_by = [
    "2b.quantized_conv2d.values",
    "2b.quantized_conv2d.geometry",
    "2b.quantized_conv2d.uses_integer_conv2d",
]
"""


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
    if bias is not None:
        sums = sums + bias.flip(0).view(-1, 1, 1)
    return input_scale * weight_scale * sums
