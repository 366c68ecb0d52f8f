"""
fault = "returns the channels of the groups in turn"
sentence = "The output channels of your groups alternate. They are to stand one group after the \
other, as the rows of the weight do."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    sums = [
        F.conv2d(codes.double(), weights.double(), None, stride, padding, dilation)
        for codes, weights in zip(input.chunk(groups, 1), weight.chunk(groups, 0), strict=True)
    ]
    return torch.stack(sums, 2).flatten(1, 2).to(torch.int32)
