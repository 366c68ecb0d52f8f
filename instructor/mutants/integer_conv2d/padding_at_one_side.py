"""
fault = "pads above and at the left only"
sentence = "Your padding is added above and at the left only. It belongs on both sides of each \
dimension."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    padded = F.pad(input.double(), (columns, 0, rows, 0))
    return F.conv2d(padded, weight.double(), None, stride, 0, dilation, groups).to(torch.int32)
