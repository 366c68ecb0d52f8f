"""
fault = "pads with the code 1"
sentence = "You pad with the code 1. Padding stands for the real number 0, whose code is 0."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    padded = F.pad(input.double(), (columns, columns, rows, rows), value=1)
    return F.conv2d(padded, weight.double(), None, stride, 0, dilation, groups).to(torch.int32)
