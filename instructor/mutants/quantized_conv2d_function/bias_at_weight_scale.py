"""
fault = "scales the bias by s_w alone"
sentence = "Your bias is scaled by s_w alone, like a weight. Its codes have the scale s_x s_w, \
that of the sums of a channel."
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
    result = input_scale * weight_scale * sums
    return result if bias is None else result + weight_scale * bias.view(-1, 1, 1)
