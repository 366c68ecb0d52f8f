"""
fault = "pads by repeating the edge"
sentence = "Your padding repeats the pixels at the edge of the image. It is to be the code 0 \
everywhere."
caught_by = ["2b.integer_conv2d.geometry"]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    padded = F.pad(input.double(), (columns, columns, rows, rows), mode="replicate")
    return F.conv2d(padded, weight.double(), None, stride, 0, dilation, groups).to(torch.int32)
