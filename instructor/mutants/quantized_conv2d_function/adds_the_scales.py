"""
fault = "multiplies by the sum of the scales"
sentence = "You add s_x and s_w. The sums are of products, so their scale is the product of the \
two."
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
    return (input_scale + weight_scale) * sums
