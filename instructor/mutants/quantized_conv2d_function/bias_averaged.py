"""
fault = "adds the mean of the bias to every channel"
sentence = "All your channels get the same bias, the mean of all. Every output channel has a bias \
of its own."
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
        sums = sums + bias.double().mean()
    return input_scale * weight_scale * sums
