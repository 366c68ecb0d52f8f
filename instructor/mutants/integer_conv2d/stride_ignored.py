"""
fault = "ignores the stride"
sentence = "Your convolution moves by one pixel whatever the stride is. Pass the stride on."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(input.double(), weight.double(), None, 1, padding, dilation, groups).to(
        torch.int32
    )
