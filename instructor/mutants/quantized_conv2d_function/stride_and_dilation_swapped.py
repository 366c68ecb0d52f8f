"""
fault = "passes stride and dilation on in the wrong order"
sentence = "Your integer convolution gets the stride as dilation and the dilation as stride. Pass \
the arguments on in their order, or by name."
caught_by = ["2b.quantized_conv2d.geometry"]
"""


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    sums = integer_conv2d(input, weight, dilation, padding, stride, groups).long()
    if bias is not None:
        sums = sums + bias.view(-1, 1, 1)
    return input_scale * weight_scale * sums
