"""Twenty-one mistakes that were written after the texts of `check`, to judge them without favor."""

from tests.public_checks.natural_mistakes.mistake import NaturalMistake

_LIMITS = """
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
"""
_QUANTIZE = f"def linear_quantize(input, scale, zero_point, N_bits, signed=True):{_LIMITS}"
_MOMENTS = """
def get_scale(input, N_bits=8):
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    square, mean = input.square().mean(), input.abs().mean()
"""
_RESET = """
def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method == "SAWB":
        return get_scale(input, N_bits), 0
"""
_STE = """
class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        return {gradient}, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
"""
_CONV = """
def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    x, w = input.double(), weight.double()
"""


def _mistake(name: str, question: str, function: str, code: str, fix: str, *keywords: str):
    """Return the mistake; each of `keywords` is a group, its words separated by ";"."""
    groups = tuple(tuple(group.split(";")) for group in keywords)
    return NaturalMistake(name, question, function, code, fix, groups)


MISTAKES = (
    _mistake(
        "held out: the result of clamp is not kept",
        "1a",
        "linear_quantize",
        f"{_QUANTIZE}    codes = torch.round(input / scale) - zero_point\n"
        "    codes.clamp(low, high)\n    return codes\n",
        "Nothing limits the codes to L .. U.",
        "nothing limits your codes to l .. u",
    ),
    _mistake(
        "held out: adds the zero point before rounding",
        "1a",
        "linear_quantize",
        f"{_QUANTIZE}    return torch.round(input / scale + zero_point).clamp(low, high)\n",
        "Equation (1) subtracts the zero point.",
        "zero point",
        "subtract;sign",
    ),
    _mistake(
        "held out: recovers by division",
        "1a",
        "linear_dequantize",
        "def linear_dequantize(input, scale, zero_point):\n"
        "    return (input + zero_point) / scale\n",
        "Multiply by the scale.",
        "multipl;divide",
    ),
    _mistake(
        "held out: parentheses around both terms of alpha",
        "1a",
        "get_scale",
        f"{_MOMENTS}    alpha = c1 * (square.sqrt() - c2 * mean)\n"
        "    alpha = alpha if alpha > 0 else input.abs().max()\n"
        "    return alpha / 2 ** (N_bits - 1)\n",
        "c1 multiplies only the root, so alpha is not positive here and max |x| is used.",
        "c1 multiplies only",
    ),
    _mistake(
        "held out: no root",
        "1a",
        "get_scale",
        f"{_MOMENTS}    return (c1 * square - c2 * mean) / 2 ** (N_bits - 1)\n",
        "The first term has the root of E(X^2).",
        "root is missing",
    ),
    _mistake(
        "held out: exponent b",
        "1a",
        "get_scale",
        f"{_MOMENTS}    return (c1 * square.sqrt() - c2 * mean) / 2**N_bits\n",
        "Divide by 2^(b-1), not 2^b.",
        "2^b,;half;twice",
        "2^(b-1);half;twice",
    ),
    _mistake(
        "held out: three standard deviations",
        "1a",
        "reset_scale_and_zero_point",
        f"{_RESET}    if method == 'sym':\n        return 3 * input.std() / 2 ** (N_bits - 1), 0\n",
        "sym takes max |x|, without any other statistic.",
        "your range;standard deviation",
    ),
    _mistake(
        "held out: unsigned range of signed codes",
        "1a",
        "reset_scale_and_zero_point",
        f"{_RESET}    if method in ('unsigned', 'asym'):\n"
        "        return input.max() / (2 ** (N_bits - 1) - 1), 0\n"
        "    return input.abs().max() / 2 ** (N_bits - 1), 0\n",
        "The largest unsigned code is 2^b - 1.",
        "you divide by 2^(b-1) - 1",
    ),
    _mistake(
        "held out: a search over five scales",
        "1a",
        "reset_scale_and_zero_point",
        f"{_RESET}    top = input.abs().max() / 2 ** (N_bits - 1)\n"
        "    def error(s):\n"
        "        back = linear_dequantize(linear_quantize(input, s, 0, N_bits), s, 0)\n"
        "        return (input - back).square().mean()\n"
        "    if method == 'heuristic':\n"
        "        return min((f * top for f in (0.2, 0.4, 0.6, 0.8, 1.0)), key=error), 0\n"
        "    return top, 0\n",
        "Try more scales, closer together and beyond max |x|.",
        "too far apart;closer",
        "largest s that you try",
    ),
    _mistake(
        "held out: divides the gradient twice",
        "2a",
        "_quantize_func_STE",
        _STE.format(gradient="grad_output / ctx.scale**2"),
        "Divide by the scale once.",
        "twice",
    ),
    _mistake(
        "held out: limits the gradient",
        "2a",
        "_quantize_func_STE",
        _STE.format(gradient="(grad_output / ctx.scale).clamp(-1, 1)"),
        "Large gradients are cut off at 1.",
        "gradients end at -1 and 1",
    ),
    _mistake(
        "held out: opposite gradient",
        "2a",
        "_quantize_func_STE",
        _STE.format(gradient="-grad_output / ctx.scale"),
        "The sign is wrong.",
        "sign",
    ),
    _mistake(
        "held out: sums in int16",
        "2b",
        "integer_linear",
        "def integer_linear(input, weight):\n"
        "    return (input.long() @ weight.long().T).short().int()\n",
        "int16 ends at 32767; larger sums wrap around.",
        "int16;16 bits",
    ),
    _mistake(
        "held out: the last input is left out",
        "2b",
        "integer_linear",
        "def integer_linear(input, weight):\n    total = 0\n"
        "    for i in range(weight.shape[1] - 1):\n"
        "        total = total + input[..., i, None] * weight[:, i]\n"
        "    return total\n",
        "The sum misses the product of the last input.",
        "last;misses;left out;leaves out;missing",
        "input;product;feature",
    ),
    _mistake(
        "held out: a mean instead of a sum",
        "2b",
        "integer_linear",
        "def integer_linear(input, weight):\n"
        "    products = input.unsqueeze(-2).double() * weight\n"
        "    return products.mean(-1).round().int()\n",
        "Sum the products, without dividing by their number.",
        "mean;average;divided by",
    ),
    _mistake(
        "held out: stride ignored",
        "2b",
        "integer_conv2d",
        f"{_CONV}    return F.conv2d(x, w, None, 1, padding, dilation, groups).int()\n",
        "Pass the stride on.",
        "pass the stride;whatever the stride",
    ),
    _mistake(
        "held out: pads with the edge",
        "2b",
        "integer_conv2d",
        f"{_CONV}    p, q = (padding, padding) if isinstance(padding, int) else padding\n"
        "    x = F.pad(x, (q, q, p, p), mode='replicate')\n"
        "    return F.conv2d(x, w, None, stride, 0, dilation, groups).int()\n",
        "The padding is the code 0.",
        "edge;repeats",
        "code 0;zero",
    ),
    _mistake(
        "held out: kernel on its side",
        "2b",
        "integer_conv2d",
        f"{_CONV}    w = w.transpose(2, 3)\n"
        "    return F.conv2d(x, w, None, stride, padding, dilation, groups).int()\n",
        "Height and width of the kernel are exchanged.",
        "transpos;exchange;swapped",
    ),
    _mistake(
        "held out: subtracts the bias",
        "2b",
        "quantized_linear_function",
        "def quantized_linear_function(input, weight, bias, input_scale, weight_scale):\n"
        "    acc = integer_linear(input, weight)\n"
        "    acc = acc if bias is None else acc - bias\n"
        "    return acc * (input_scale * weight_scale)\n",
        "The bias is added.",
        "bias",
        "subtract;added;sign",
    ),
    _mistake(
        "held out: forgets the scale of the weights",
        "2b",
        "quantized_conv2d_function",
        "def quantized_conv2d_function(input, weight, bias, s_x, s_w, *geometry):\n"
        "    acc = integer_conv2d(input, weight, *geometry)\n"
        "    acc = acc if bias is None else acc + bias.view(-1, 1, 1)\n"
        "    return acc * s_x\n",
        "Multiply by s_w too.",
        "s_w",
        "s_x alone;s_x only;without s_w",
    ),
    _mistake(
        "held out: always the widest",
        "3",
        "variable_precision_search",
        "def variable_precision_search(\n"
        "    layer_sizes, evaluate, candidate_bits=(2, 8), accuracy_floor=85.0\n):\n"
        "    return dict.fromkeys(layer_sizes, max(candidate_bits))\n",
        "The result is larger than the best uniform width.",
        "widest;uniform",
    ),
)
