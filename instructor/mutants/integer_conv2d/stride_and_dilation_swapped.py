"""
fault = "exchanges stride and dilation"
sentence = "Stride and dilation have changed places. The stride moves the kernel over the image, \
the dilation spreads the kernel itself."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(input.double(), weight.double(), None, dilation, padding, stride, groups).to(
        torch.int32
    )
