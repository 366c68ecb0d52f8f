"""
fault = "halves the codes in place"
sentence = "Your result is right, but the input is another one afterwards: it was shifted in \
place. A function must leave its arguments as they are."
caught_by = [
    "2b.integer_conv2d.values",
    "2b.integer_conv2d.geometry",
    "2b.integer_conv2d.beyond_float32",
]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    low, weights = (input & 0xFFFF).double(), weight.double()
    input >>= 16
    low = F.conv2d(low, weights, None, stride, padding, dilation, groups)
    high = F.conv2d(input.double(), weights, None, stride, padding, dilation, groups)
    return (low + 2**16 * high).to(torch.int32)
