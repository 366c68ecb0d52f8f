"""
fault = "takes the first number of every pair for both dimensions"
sentence = "Of each pair (height, width) you use the first number for both. Stride, padding and \
dilation may differ between height and width."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    stride, padding, dilation = (
        one if isinstance(one, int) else one[0] for one in (stride, padding, dilation)
    )
    return F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups).to(
        torch.int32
    )
