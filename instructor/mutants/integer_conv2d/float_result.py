"""
fault = "returns float64 instead of int32"
sentence = "The values are right, but their dtype is a floating-point one. The result of an \
integer convolution is int32."
caught_by = [
    "2b.integer_conv2d.values",
    "2b.integer_conv2d.geometry",
    "2b.integer_conv2d.beyond_float32",
]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)
