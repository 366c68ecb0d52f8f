"""Mistakes in quantized_linear_function, one each."""

ALL = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]


@mutant(
    "multiplies by the sum of the scales",
    sentence=(
        "Your factor is the sum of the two scales. For a product of codes the scales are "
        "multiplied."
    ),
    caught_by=ALL,
)
def adds_the_scales():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return (input_scale + weight_scale) * sums


@mutant(
    "scales the bias by s_x alone",
    sentence=(
        "Your bias is scaled by s_x alone. Its codes have the scale s_x s_w, that of the "
        "sums, to which they can therefore be added."
    ),
    caught_by=ALL,
)
def bias_at_input_scale():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        result = input_scale * weight_scale * integer_linear(input, weight)
        return result if bias is None else result + input_scale * bias


@mutant(
    "scales the bias by s_w alone",
    sentence=(
        "Your bias is scaled by s_w alone, like a weight. Its codes have the scale s_x s_w of"
        " the sums, to which they can therefore be added."
    ),
    caught_by=ALL,
)
def bias_at_weight_scale():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        result = input_scale * weight_scale * integer_linear(input, weight)
        return result if bias is None else result + weight_scale * bias


@mutant(
    "adds the first element of the bias to every output",
    sentence=(
        "All your outputs get the same bias, its first element. Every output has a bias of its own."
    ),
    caught_by=ALL,
)
def bias_first_element():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias[0]
        return input_scale * weight_scale * sums


@mutant(
    "leaves the bias out",
    sentence=(
        "The bias is missing in your result. Equation (6) adds its codes to the sums of products."
    ),
    caught_by=ALL,
)
def bias_missing():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        return input_scale * weight_scale * integer_linear(input, weight)


@mutant(
    "adds 1 where there is no bias",
    sentence="Without a bias your outputs are 1 too large. None means that nothing is added.",
    caught_by=ALL,
)
def bias_none_is_one():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is None:
            return input_scale * weight_scale * sums + 1
        return input_scale * weight_scale * (sums + bias)


@mutant(
    "adds the codes of the bias to scaled sums",
    sentence=(
        "You add the codes of the bias after scaling, as if they were real numbers. In "
        "equation (6) the bias is added to the sums before these are scaled."
    ),
    caught_by=ALL,
)
def bias_not_scaled():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        result = input_scale * weight_scale * integer_linear(input, weight)
        return result if bias is None else result + bias


@mutant(
    "scales the bias twice",
    sentence=(
        "Your bias is multiplied by s_x s_w twice, once before it is added and once with the "
        "sum. Once is enough."
    ),
    caught_by=ALL,
)
def bias_scaled_twice():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).double()
        if bias is not None:
            sums = sums + input_scale * weight_scale * bias
        return input_scale * weight_scale * sums


@mutant(
    "subtracts the bias",
    sentence="Your bias has the wrong sign: equation (6) adds it.",
    caught_by=ALL,
)
def bias_subtracted():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums - bias
        return input_scale * weight_scale * sums


@mutant(
    "divides by the scales",
    sentence=(
        "Your sums are divided by the scales. Going from integers back to real numbers "
        "multiplies by them, as in equation (3)."
    ),
    caught_by=ALL,
)
def divides_by_the_scales():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return sums / (input_scale * weight_scale)


@mutant(
    "multiplies by a fixed-point factor that overflows int32",
    sentence=(
        "Your factor s_x s_w is an integer with many bits after the point, and its product "
        "with a sum overflows int32. Real outputs are asked for, so multiply in floating "
        "point."
    ),
    caught_by=ALL,
)
def fixed_point_overflow():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight)
        if bias is not None:
            sums = sums + bias
        factor = round(float(input_scale * weight_scale) * 2**24)
        return ((sums * factor) >> 24).float()


@mutant(
    "recovers the real numbers and multiplies those",
    sentence=(
        "Your layer turns the codes back into real numbers and multiplies those. Equation (6)"
        " multiplies integers, with your integer_linear, and scales only the sums."
    ),
    caught_by=["2b.quantized_linear.uses_integer_linear"],
)
def float_layer():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        weight = weight_scale * weight.double()
        bias = None if bias is None else input_scale * weight_scale * bias.double()
        return F.linear(input_scale * input.double(), weight, bias)


@mutant(
    "multiplies by s_w only",
    sentence=(
        "Your sums are multiplied by s_w only. A product of two codes stands for s_x s_w "
        "times as much."
    ),
    caught_by=ALL,
)
def input_scale_forgotten():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return weight_scale * sums


@mutant(
    "multiplies by the square of s_x",
    sentence=(
        "Your sums are multiplied by s_x twice and never by s_w. Equation (6) takes each of "
        "the two scales once."
    ),
    caught_by=ALL,
)
def input_scale_twice():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return input_scale * input_scale * sums


@mutant(
    "cuts the outputs off to int32",
    sentence=(
        "Your outputs are converted to int32, which cuts off their fraction. The outputs y of"
        " equation (6) are real numbers; only the sums inside are integers."
    ),
    caught_by=ALL,
)
def int32_result():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return (input_scale * weight_scale * sums).to(torch.int32)


@mutant(
    "cuts off negative outputs",
    sentence=(
        "Your negative outputs have become 0. Equation (6) has no ReLU: that is a layer of its own."
    ),
    caught_by=ALL,
)
def output_clamped_at_zero():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return torch.relu(input_scale * weight_scale * sums)


@mutant(
    "rounds the outputs to integers",
    sentence=(
        "Your outputs are rounded to whole numbers. They are the real numbers y of equation (6)."
    ),
    caught_by=ALL,
)
def rounds_the_result():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return torch.round(input_scale * weight_scale * sums)


@mutant(
    "multiplies by s_x only",
    sentence=(
        "Your sums are multiplied by s_x only. A product of two codes stands for s_x s_w "
        "times as much."
    ),
    caught_by=ALL,
)
def weight_scale_forgotten():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight).long()
        if bias is not None:
            sums = sums + bias
        return input_scale * sums
