"""
fault = "takes a pair of strides as (width, height)"
sentence = "You read a pair of strides as (width, height). As in torch, the first number belongs \
to the height."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if not isinstance(stride, int):
        stride = (stride[1], stride[0])
    return F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups).to(
        torch.int32
    )
