"""
fault = "takes the first group of input channels for every group"
sentence = "All your output channels are computed from the first group of input channels. Group g \
of the outputs belongs to group g of the inputs."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    first = input[:, : input.shape[1] // groups]
    return F.conv2d(first.double(), weight.double(), None, stride, padding, dilation).to(
        torch.int32
    )
