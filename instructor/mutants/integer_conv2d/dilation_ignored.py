"""
fault = "ignores the dilation"
sentence = "Your kernel always covers neighbouring pixels. With a dilation its elements lie that \
many pixels apart."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(input.double(), weight.double(), None, stride, padding, 1, groups).to(
        torch.int32
    )
