"""
fault = "flips the kernel, as in mathematics"
sentence = "Your kernel is turned by 180 degrees, as mathematics defines a convolution. The \
layers of neural networks, and torch's, take the kernel as it stands."
caught_by = [
    "2b.integer_conv2d.values",
    "2b.integer_conv2d.geometry",
    "2b.integer_conv2d.beyond_float32",
]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    kernel = weight.double().flip(2, 3)
    return F.conv2d(input.double(), kernel, None, stride, padding, dilation, groups).to(torch.int32)
