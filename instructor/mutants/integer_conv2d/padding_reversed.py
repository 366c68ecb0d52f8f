"""
fault = "takes a pair of paddings as (width, height)"
sentence = "You pad a pair in the order (width, height). As in torch, the first number is what is \
added above and below."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    padded = F.pad(input.double(), (rows, rows, columns, columns))
    return F.conv2d(padded, weight.double(), None, stride, 0, dilation, groups).to(torch.int32)
