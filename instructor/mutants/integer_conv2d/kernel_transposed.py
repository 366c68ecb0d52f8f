"""
fault = "exchanges height and width of the kernel"
sentence = "Rows and columns of your kernel are exchanged. A weight has the shape (out, C / \
groups, kH, kW), the height before the width."
caught_by = [
    "2b.integer_conv2d.values",
    "2b.integer_conv2d.geometry",
    "2b.integer_conv2d.beyond_float32",
]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    kernel = weight.double().transpose(2, 3)
    return F.conv2d(input.double(), kernel, None, stride, padding, dilation, groups).to(torch.int32)
