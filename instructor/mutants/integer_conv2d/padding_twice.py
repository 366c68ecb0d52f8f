"""
fault = "pads twice"
sentence = "The input is padded twice, once by hand and once more by the convolution. Do it in \
one of the two places."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    padded = F.pad(input.double(), (columns, columns, rows, rows))
    return F.conv2d(padded, weight.double(), None, stride, padding, dilation, groups).to(
        torch.int32
    )
