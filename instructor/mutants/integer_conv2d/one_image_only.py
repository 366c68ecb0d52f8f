"""
fault = "convolves the first image of the batch only"
sentence = "Only the first image of the batch comes out. Every image of the input has a result."
caught_by = ["2b.integer_conv2d.values", "2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(
        input[:1].double(), weight.double(), None, stride, padding, dilation, groups
    ).to(torch.int32)
