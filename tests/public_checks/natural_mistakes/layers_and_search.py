"""Ten natural mistakes in the quantized functions and in the search."""

from tests.public_checks.natural_mistakes.mistake import NaturalMistake

_LINEAR = "def quantized_linear_function(input, weight, bias, input_scale, weight_scale):\n"
_CONV = """def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
"""
_SEARCH = """def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
"""

MISTAKES = (
    NaturalMistake(
        name="quantized_linear: bias at the scale of the weights",
        question="2b",
        function="quantized_linear_function",
        code=_LINEAR
        + "    y = integer_linear(input, weight) * (input_scale * weight_scale)\n"
        + "    return y if bias is None else y + bias * weight_scale\n",
        fix="The codes of the bias have the scale s_x s_w: add them to the sums, then scale.",
        keywords=(("bias",), ("s_w alone", "before it is added")),
    ),
    NaturalMistake(
        name="quantized_linear: a layer without bias",
        question="2b",
        function="quantized_linear_function",
        code=_LINEAR
        + "    acc = integer_linear(input, weight) + bias\n"
        + "    return acc * input_scale * weight_scale\n",
        fix="bias may be None.",
        keywords=(("none",), ("bias", "nonetype"), ("line",)),
    ),
    NaturalMistake(
        name="quantized_linear: sum of the scales",
        question="2b",
        function="quantized_linear_function",
        code=_LINEAR
        + "    acc = integer_linear(input, weight)\n"
        + "    if bias is not None:\n"
        + "        acc += bias\n"
        + "    return acc.float() * (input_scale + weight_scale)\n",
        fix="Multiply by the product of the scales, not by their sum.",
        keywords=(
            ("product", "multiplied"),
            ("sum of the scales", "sum of the two scales", "s_x + s_w"),
        ),
    ),
    NaturalMistake(
        name="quantized_conv2d: the bias along the width",
        question="2b",
        function="quantized_conv2d_function",
        code=_CONV
        + "    acc = integer_conv2d(input, weight, stride, padding, dilation, groups)\n"
        + "    acc = acc if bias is None else acc + bias\n"
        + "    return input_scale * weight_scale * acc\n",
        fix="The bias belongs to the channels, dimension 1; as it is, it meets the width.",
        keywords=(("size of tensor", "channel", "bias"), ("dimension", "channel"), ("line",)),
    ),
    NaturalMistake(
        name="quantized_conv2d: bias scaled on its own, by the input's scale",
        question="2b",
        function="quantized_conv2d_function",
        code=_CONV
        + "    y = integer_conv2d(input, weight, stride, padding, dilation, groups)\n"
        + "    y = y * input_scale * weight_scale\n"
        + "    if bias is not None:\n"
        + "        y = y + (bias * input_scale)[None, :, None, None]\n"
        + "    return y\n",
        fix="The codes of the bias have the scale s_x s_w: add them to the sums, then scale.",
        keywords=(("bias",), ("s_x alone", "before it is added")),
    ),
    NaturalMistake(
        name="quantized_conv2d: rounds the outputs",
        question="2b",
        function="quantized_conv2d_function",
        code=_CONV
        + "    acc = integer_conv2d(input, weight, stride, padding, dilation, groups)\n"
        + "    if bias is not None:\n"
        + "        acc = acc + bias.reshape(1, -1, 1, 1)\n"
        + "    return torch.round(acc * input_scale * weight_scale).to(torch.int32)\n",
        fix="The outputs are real numbers: do not round them.",
        keywords=(("real numbers", "floating point", "real outputs"), ("round", "int32", "whole")),
    ),
    NaturalMistake(
        name="search: accepts the floor itself",
        question="3",
        function="variable_precision_search",
        code=_SEARCH
        + """
    bits = {name: max(candidate_bits) for name in layer_sizes}
    for b in sorted(candidate_bits, reverse=True):
        trial = {name: b for name in layer_sizes}
        if evaluate(trial) >= accuracy_floor:
            bits = trial
    for name in layer_sizes:
        for b in sorted(candidate_bits):
            if b < bits[name] and evaluate({**bits, name: b}) >= accuracy_floor:
                bits[name] = b
                break
    return bits
""",
        fix="An accuracy equal to the floor is not above it.",
        keywords=(("floor",), ("equal", "not above")),
    ),
    NaturalMistake(
        name="search: every layer alone",
        question="3",
        function="variable_precision_search",
        code=_SEARCH
        + """
    widest = max(candidate_bits)
    result = {}
    for layer in layer_sizes:
        result[layer] = widest
        for width in sorted(candidate_bits):
            if evaluate({**dict.fromkeys(layer_sizes, widest), layer: width}) > accuracy_floor:
                result[layer] = width
                break
    return result
""",
        fix="Measure the widths together: their losses add up, and the result is below the floor.",
        keywords=(("together", "never evaluated"),),
    ),
    NaturalMistake(
        name="search: the floor as a fraction",
        question="3",
        function="variable_precision_search",
        code=_SEARCH
        + """
    for width in sorted(candidate_bits):
        bits = {layer: width for layer in layer_sizes}
        if evaluate(bits) > accuracy_floor / 100:
            return bits
    return bits
""",
        fix="evaluate returns percent, as the floor is: the result is far below the floor.",
        keywords=(("floor",), ("percent", "far below")),
    ),
    NaturalMistake(
        name="search: a list instead of a dictionary",
        question="3",
        function="variable_precision_search",
        code=_SEARCH
        + """
    best = [max(candidate_bits)] * len(layer_sizes)
    for width in sorted(candidate_bits):
        if evaluate(dict.fromkeys(layer_sizes, width)) > accuracy_floor:
            best = [width] * len(layer_sizes)
            break
    return best
""",
        fix="Return {layer: bits}, not a list.",
        keywords=(("{layer: bits}", "dictionary"),),
    ),
)
