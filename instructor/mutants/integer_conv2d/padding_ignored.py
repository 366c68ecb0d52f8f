"""
fault = "ignores the padding"
sentence = "Your convolution does not pad its input. Pass the padding on, whose code is 0."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(input.double(), weight.double(), None, stride, 0, dilation, groups).to(
        torch.int32
    )
