"""
fault = "rounds the outputs and clips them to 0 .. 255"
sentence = "Your outputs are made codes 0 .. 255 again. The layer returns the real outputs y; the \
next layer quantizes them with a scale of its own."
caught_by = [
    "2b.quantized_conv2d.values",
    "2b.quantized_conv2d.geometry",
    "2b.quantized_conv2d.uses_integer_conv2d",
]
"""


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
    if bias is not None:
        sums = sums + bias.view(-1, 1, 1)
    return torch.round(input_scale * weight_scale * sums).clamp(0, 255)
