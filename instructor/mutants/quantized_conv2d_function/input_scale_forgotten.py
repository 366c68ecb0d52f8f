"""
fault = "multiplies by s_w only"
sentence = "Your convolution is scaled by s_w only. Both factors of a product were divided by a \
scale, so both scales must return."
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
        sums = sums + bias.view(-1, 1, 1)
    return weight_scale * sums
