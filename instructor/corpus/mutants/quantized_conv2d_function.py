"""Mistakes in quantized_conv2d_function, one each."""

ALL = [
    "2b.quantized_conv2d.values",
    "2b.quantized_conv2d.geometry",
    "2b.quantized_conv2d.uses_integer_conv2d",
]


@mutant(
    "multiplies by the sum of the scales",
    sentence=(
        "You add s_x and s_w. The sums are of products, so their scale is the product of the two."
    ),
    caught_by=ALL,
)
def adds_the_scales():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return (input_scale + weight_scale) * sums


@mutant(
    "scales the bias by s_x alone",
    sentence=(
        "Your bias is scaled by s_x alone. Its codes have the scale s_x s_w, that of the sums"
        " of a channel."
    ),
    caught_by=ALL,
)
def bias_at_input_scale():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        result = input_scale * weight_scale * sums
        return result if bias is None else result + input_scale * bias.view(-1, 1, 1)


@mutant(
    "scales the bias by s_w alone",
    sentence=(
        "Your bias is scaled by s_w alone, like a weight. Its codes have the scale s_x s_w, "
        "that of the sums of a channel."
    ),
    caught_by=ALL,
)
def bias_at_weight_scale():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        result = input_scale * weight_scale * sums
        return result if bias is None else result + weight_scale * bias.view(-1, 1, 1)


@mutant(
    "adds the mean of the bias to every channel",
    sentence=(
        "All your channels get the same bias, the mean of all. Every output channel has a "
        "bias of its own."
    ),
    caught_by=ALL,
)
def bias_averaged():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.double().mean()
        return input_scale * weight_scale * sums


@mutant(
    "adds the bias to the channels in reverse order",
    sentence=(
        "Your biases are added to the wrong channels, the last one to the first. Bias c "
        "belongs to output channel c."
    ),
    caught_by=ALL,
)
def bias_channels_reversed():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.flip(0).view(-1, 1, 1)
        return input_scale * weight_scale * sums


@mutant(
    "leaves the bias out",
    sentence=(
        "Your convolution has no bias. Equation (6) adds its codes to the sums, one per "
        "output channel."
    ),
    caught_by=ALL,
)
def bias_missing():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        return input_scale * weight_scale * sums


@mutant(
    "adds the codes of the bias to scaled sums",
    sentence=(
        "The codes of your bias are added to outputs that are scaled already. They have the "
        "scale of the sums and are added to these first."
    ),
    caught_by=ALL,
)
def bias_not_scaled():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        result = input_scale * weight_scale * sums
        return result if bias is None else result + bias.view(-1, 1, 1)


@mutant(
    "scales the bias twice",
    sentence=(
        "Your bias is multiplied by s_x s_w before it is added, and again with the sums. Its "
        "codes already have the scale of the sums."
    ),
    caught_by=ALL,
)
def bias_scaled_twice():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + input_scale * weight_scale * bias.view(-1, 1, 1)
        return input_scale * weight_scale * sums


@mutant(
    "subtracts the bias",
    sentence="The bias of your convolution has the wrong sign: equation (6) adds it.",
    caught_by=ALL,
)
def bias_subtracted():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums - bias.view(-1, 1, 1)
        return input_scale * weight_scale * sums


@mutant(
    "does not pass the dilation on",
    sentence=(
        "The dilation does not reach your integer convolution. Pass on all four arguments of "
        "the geometry."
    ),
    caught_by=["2b.quantized_conv2d.geometry"],
)
def dilation_not_passed_on():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, 1, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return input_scale * weight_scale * sums


@mutant(
    "divides by the scales",
    sentence=(
        "Your convolution is divided by the scales. Codes became integers by division; the "
        "way back, equation (3), multiplies."
    ),
    caught_by=ALL,
)
def divides_by_the_scales():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return sums / (input_scale * weight_scale)


@mutant(
    "recovers the real numbers and convolves those",
    sentence=(
        "Your layer turns the codes back into real numbers and convolves those. Equation (6) "
        "convolves integers, with your integer_conv2d, and scales only the sums."
    ),
    caught_by=["2b.quantized_conv2d.uses_integer_conv2d"],
)
def float_layer():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        weight = weight_scale * weight.double()
        bias = None if bias is None else input_scale * weight_scale * bias.double()
        input = input_scale * input.double()
        return F.conv2d(input, weight, bias, stride, padding, dilation, groups)


@mutant(
    "multiplies by s_w only",
    sentence=(
        "Your convolution is scaled by s_w only. Both factors of a product were divided by a "
        "scale, so both scales must return."
    ),
    caught_by=ALL,
)
def input_scale_forgotten():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return weight_scale * sums


@mutant(
    "cuts the outputs off to int32",
    sentence=(
        "The outputs of your convolution are converted to int32 and lose their fraction. Only"
        " the sums are integers, the outputs y are real."
    ),
    caught_by=ALL,
)
def int32_result():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return (input_scale * weight_scale * sums).to(torch.int32)


@mutant(
    "rounds the outputs and clips them to 0 .. 255",
    sentence=(
        "Your outputs are made codes 0 .. 255 again. The layer returns the real outputs y; "
        "the next layer quantizes them with a scale of its own."
    ),
    caught_by=ALL,
)
def output_clamped_to_8_bits():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return torch.round(input_scale * weight_scale * sums).clamp(0, 255)


@mutant(
    "does not pass the padding on",
    sentence=(
        "The padding does not reach your integer convolution. Pass on all four arguments of "
        "the geometry."
    ),
    caught_by=["2b.quantized_conv2d.geometry"],
)
def padding_not_passed_on():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, 0, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return input_scale * weight_scale * sums


@mutant(
    "rounds the outputs to integers",
    sentence=(
        "The outputs of your convolution are rounded to whole numbers. Equation (6) gives "
        "real numbers, which nothing rounds here."
    ),
    caught_by=ALL,
)
def rounds_the_result():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return torch.round(input_scale * weight_scale * sums)


@mutant(
    "passes stride and dilation on in the wrong order",
    sentence=(
        "Your integer convolution gets the stride as dilation and the dilation as stride. "
        "Pass the arguments on in their order, or by name."
    ),
    caught_by=["2b.quantized_conv2d.geometry"],
)
def stride_and_dilation_swapped():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, dilation, padding, stride, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return input_scale * weight_scale * sums


@mutant(
    "does not pass the stride on",
    sentence=(
        "The stride does not reach your integer convolution. Pass on all four arguments of "
        "the geometry."
    ),
    caught_by=["2b.quantized_conv2d.geometry"],
)
def stride_not_passed_on():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, 1, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return input_scale * weight_scale * sums


@mutant(
    "multiplies by s_x only",
    sentence=(
        "Your convolution is scaled by s_x only. Both factors of a product were divided by a "
        "scale, so both scales must return."
    ),
    caught_by=ALL,
)
def weight_scale_forgotten():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
        if bias is not None:
            sums = sums + bias.view(-1, 1, 1)
        return input_scale * sums
