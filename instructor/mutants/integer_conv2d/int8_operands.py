"""
fault = "casts the operands to int8, where they wrap around"
sentence = "Your codes are converted to int8, which ends at 127: larger unsigned codes become \
negative. Keep the values of the int32 codes that you are given."
caught_by = [
    "2b.integer_conv2d.values",
    "2b.integer_conv2d.geometry",
    "2b.integer_conv2d.beyond_float32",
]
"""


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    codes, weights = input.to(torch.int8).double(), weight.to(torch.int8).double()
    return F.conv2d(codes, weights, None, stride, padding, dilation, groups).to(torch.int32)
