"""
fault = "reshapes the bias in place"
sentence = "Your result is right, but the bias has another shape afterwards: it was changed in \
place. Leave the arguments as they are."
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
        sums = sums + bias.unsqueeze_(-1).unsqueeze_(-1)
    return input_scale * weight_scale * sums
