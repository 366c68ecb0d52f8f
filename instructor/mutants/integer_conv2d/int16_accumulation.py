"""
fault = "adds up in int16, where sums wrap around"
sentence = "Your sums wrap around where they leave 16 bits. The sums of products of a convolution \
need the 32 bits of int32."
caught_by = [
    "2b.integer_conv2d.values",
    "2b.integer_conv2d.geometry",
    "2b.integer_conv2d.beyond_float32",
]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    sums = F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)
    return sums.long().to(torch.int16).to(torch.int32)
