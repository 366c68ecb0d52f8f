"""
fault = "adds up in float32"
sentence = "float32 holds every integer up to 2^24 only, and a convolution over many channels \
adds up to more: the last digits are lost. Compute in a type that holds all your sums exactly."
caught_by = ["2b.integer_conv2d.beyond_float32"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    sums = F.conv2d(input.float(), weight.float(), None, stride, padding, dilation, groups)
    return sums.round().to(torch.int32)
