"""
fault = "recovers the real numbers and convolves those"
sentence = "Your layer turns the codes back into real numbers and convolves those. Equation (6) \
convolves integers, with your integer_conv2d, and scales only the sums."
caught_by = ["2b.quantized_conv2d.uses_integer_conv2d"]
"""


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    weight = weight_scale * weight.double()
    bias = None if bias is None else input_scale * weight_scale * bias.double()
    input = input_scale * input.double()
    return F.conv2d(input, weight, bias, stride, padding, dilation, groups)
