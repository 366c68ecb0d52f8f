"""
fault = "lets every output channel see all groups of input channels"
sentence = "In your grouped convolution every output channel adds up all input channels. It may \
see the channels of its own group only."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    weight = weight.repeat(1, groups, 1, 1)
    return F.conv2d(input.double(), weight.double(), None, stride, padding, dilation).to(
        torch.int32
    )
