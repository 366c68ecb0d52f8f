"""
fault = "adds the codes of the bias to scaled sums"
sentence = "The codes of your bias are added to outputs that are scaled already. They have the \
scale of the sums and are added to these first."
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
    return result if bias is None else result + bias.view(-1, 1, 1)
