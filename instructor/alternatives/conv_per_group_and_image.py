"""
differs = "integer_conv2d: a loop over images, groups and output channels"
"""

import torch
import torch.nn.functional as F


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32 tensors required")
    c_in = input.shape[1] // groups
    c_out = weight.shape[0] // groups
    images = []
    for image in input:
        channels = []
        for o in range(weight.shape[0]):
            g = o // c_out
            x = image[g * c_in : (g + 1) * c_in].unsqueeze(0).to(torch.double)
            w = weight[o : o + 1].to(torch.double)
            y = F.conv2d(x, w, None, stride, padding, dilation)
            channels.append(y[0, 0].round().to(torch.int64))
        images.append(torch.stack(channels))
    out = torch.stack(images)
    if torch.any(out != out.to(torch.int32)):
        raise OverflowError("result too large for int32")
    return out.to(torch.int32)
