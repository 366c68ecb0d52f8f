"""The hints for each function of solution.py: a question, the equation, the smallest case by hand.

A hint contains no code. A test computes every number of the smallest cases with a correct solution.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FunctionHints:
    """The hints for one function.

    Attributes:
        function: Its name in solution.py.
        question: Its question, such as "1a".
        levels: A question that points the way, the equation that matters, the smallest case.
    """

    function: str
    question: str
    levels: tuple[str, str, str]


HINTS = (
    FunctionHints(
        "linear_quantize",
        "1a",
        (
            "How many steps of width s fit into x, and which whole number is nearest to that? "
            "Where does a number beyond the last code go? Which of the steps must be the last?",
            "Equation (1), in this order: divide x by s, round to the nearest integer, subtract "
            "z, clip to L .. U. Signed codes have L = -2^(b-1) and U = 2^(b-1) - 1. Unsigned "
            "codes have L = 0 and U = 2^b - 1. Codes keep the dtype of x, whole numbers in "
            "float32, so that gradients pass in question 2a.",
            "x = [-1.2, -0.6, 0.3, 0.9], s = 0.5, z = 0, 2 bits, signed.\n"
            "x / s = [-2.4, -1.2, 0.6, 1.8], rounded [-2, -1, 1, 2].\n"
            "L = -2 and U = 1, so the codes are [-2, -1, 1, 1].\n"
            "With z = 1: [-3, -2, 0, 1] before the clip, codes [-2, -2, 0, 1].\n"
            "Unsigned, with z = 0: L = 0 and U = 3, codes [0, 0, 1, 2].",
        ),
    ),
    FunctionHints(
        "linear_dequantize",
        "1a",
        (
            "A code counts steps. How wide is one step? What was subtracted from the code, and "
            "is it a number of steps or a real number?",
            "Equation (3): x_hat = s (x_int + z). The sum comes first, and then one product. "
            "Its slope in x_int is s, so gradients must pass.",
            "Codes [-2, -1, 1, 1], s = 0.5, z = 0: x_hat = [-1.0, -0.5, 0.5, 0.5].\n"
            "If x was [-1.2, -0.6, 0.3, 0.9], x_hat - x = [0.2, 0.1, 0.2, -0.4]. The last number "
            "was clipped.\n"
            "Codes [-2, -2, 0, 1], s = 0.5, z = 1: x_hat = [-0.5, -0.5, 0.5, 1.0].",
        ),
    ),
    FunctionHints(
        "get_scale",
        "1a",
        (
            "Equation (5) has two averages. In which order do you square and average for the "
            "first, and take magnitudes and average for the second? Is its result the end of the "
            "range, or the width of one step?",
            "alpha = c1 sqrt(E(X^2)) - c2 E|X|, and s = alpha / 2^(b-1). E(X^2) is the mean of "
            "the squares, E|X| the mean of the magnitudes, both over all elements. c1 and c2 "
            "belong to the width b. If alpha is not positive, alpha is max |x| instead.",
            "x = [-2, 0, 0, 1], 2 bits, so c1 = 4.765 and c2 = 3.342.\n"
            "E(X^2) = (4 + 0 + 0 + 1) / 4 = 1.25, its root 1.118. E|X| = 3 / 4 = 0.75.\n"
            "alpha = 4.765 * 1.118 - 3.342 * 0.75 = 2.821, and s = 2.821 / 2 = 1.410.\n"
            "x = [-1, 1], 5 bits: alpha = 17.786 * 1 - 18.498 * 1 = -0.712 is not positive. "
            "Then alpha = max |x| = 1, and s = 1 / 16 = 0.0625.",
        ),
    ),
    FunctionHints(
        "reset_scale_and_zero_point",
        "1a",
        (
            "Each method answers one question in its own way: where does the range end? Which "
            "number becomes the largest code? For the heuristic: what do you compute to know "
            "that one scale is better than another, and over which scales do you search?",
            '"sym": s = max |x| / 2^(b-1). "unsigned": s = max x / (2^b - 1). "SAWB": the s of '
            'get_scale for the same b. "heuristic": the s with the least mean of (x - x_hat)^2, '
            "equation (4), where x_hat is x quantized at s and recovered. Candidates lie close "
            "together, and some are larger than the s of sym. The zero point is 0.",
            "x = [-1.2, -0.6, 0.4, 1.0], 2 bits.\n"
            "sym: max |x| = 1.2, s = 1.2 / 2 = 0.6.\n"
            "unsigned, for x = [0.0, 0.3, 0.6, 0.9]: s = 0.9 / 3 = 0.3.\n"
            "heuristic, three candidates: at s = 0.6 x_hat = [-1.2, -0.6, 0.6, 0.6], mean squared "
            "error (0 + 0 + 0.04 + 0.16) / 4 = 0.05. At s = 0.5 the error is 0.0775, at s = 0.7 "
            "it is 0.0575. Of these three 0.6 is best.",
        ),
    ),
    FunctionHints(
        "linear_quantize_STE",
        "2a",
        (
            "The loss depends on the recovered numbers, not on the codes. Which factor does a "
            "gradient get on its way from the recovered numbers to the codes? What must backward "
            "do so that the whole way counts as the identity?",
            "By equation (3), dL/dx_int = s dL/dx_hat. The estimator wants dL/dx = dL/dx_hat, for "
            "every element, clipped or not. So dL/dx = (1/s) dL/dx_int. Forward of "
            "_quantize_func_STE has five arguments, and backward returns one value for each: None "
            "where there is no gradient.",
            "x = [-1.9, 0.3], s = 0.5, z = 0, 2 bits: codes [-2, 1], recovered [-1.0, 0.5].\n"
            "If dL/dx_hat = [0.2, -0.4], then dL/dx_int = 0.5 * [0.2, -0.4] = [0.1, -0.2]. That is "
            "grad_output.\n"
            "Backward returns [0.2, -0.4] for x, although -1.9 was clipped, and four times None.",
        ),
    ),
    FunctionHints(
        "integer_linear",
        "2b",
        (
            "How large can a sum of 1000 products of 8-bit codes become? Which types hold every "
            "whole number up to there, and which of them can your device multiply?",
            "acc[o] = sum over i of x[i] w[o, i]. float32 holds every integer up to 2^24, float64 "
            "up to 2^53. The result is int32, so a sum beyond 2^31 - 1 is an OverflowError.",
            "x = [3, 1], w = [[2, -1], [-4, 5]].\n"
            "acc = [3 * 2 + 1 * (-1), 3 * (-4) + 1 * 5] = [5, -7].\n"
            "1001 products of 255 and 127 sum to 32417385. float32 gives 32417384.",
        ),
    ),
    FunctionHints(
        "integer_conv2d",
        "2b",
        (
            "A convolution is the same sum over a window. Which argument moves the window, which "
            "spreads its elements, which splits the channels? Do all of them reach the sum? Which "
            "types can be convolved with all of these arguments, and which of them hold every sum?",
            "acc[o, i, j] = sum over c, u, v of x[c, i stride + u dilation - padding, ...] "
            "w[o, c, u, v], where x is 0 outside of the image. With groups, an output channel "
            "sees only the input channels of its own group. The kernel is not flipped.",
            "One row: x = [1, 2, 3, 4], w = [1, 0, -1].\n"
            "padding 0: [1 - 3, 2 - 4] = [-2, -2].\n"
            "padding 1: [0 - 2, 1 - 3, 2 - 4, 3 - 0] = [-2, -2, -2, 3].\n"
            "padding 1, stride 2: every second of these, [-2, -2].\n"
            "padding 1, dilation 2: [0 - 4, 1 - 0] = [-4, 1].",
        ),
    ),
    FunctionHints(
        "quantized_linear_function",
        "2b",
        (
            "The sums are whole numbers of s_x s_w. Which unit do the codes of the bias have? "
            "What may therefore be added to what, and when do you multiply by the scales?",
            "Equation (6): y = s_x s_w (acc + b_int), where acc comes from integer_linear. "
            "Without a bias, b_int is 0.",
            "acc = [5, -7], b_int = [10, 2], s_x = 0.5, s_w = 0.1, so s_x s_w = 0.05.\n"
            "acc + b_int = [15, -5], and y = [0.75, -0.25].\n"
            "Without a bias y = [0.25, -0.35].",
        ),
    ),
    FunctionHints(
        "quantized_conv2d_function",
        "2b",
        (
            "The bias has one code per output channel. Which dimension of the result is that? "
            "Which arguments does integer_conv2d need to compute the same windows?",
            "Equation (6) per output channel: y[n, o, i, j] = s_x s_w (acc[n, o, i, j] + "
            "b_int[o]), where acc comes from integer_conv2d with the same stride, padding, "
            "dilation and groups.",
            "One row x = [1, 2, 3, 4] and two output channels, w = [1, 0, -1] and [0, 1, 0].\n"
            "acc = [-2, -2] and [2, 3]. b_int = [4, -1], s_x = 0.5, s_w = 0.1.\n"
            "y = 0.05 * [-2 + 4, -2 + 4] = [0.1, 0.1] and 0.05 * [2 - 1, 3 - 1] = [0.05, 0.1].",
        ),
    ),
    FunctionHints(
        "variable_precision_search",
        "3",
        (
            "Which models cost one call each and bound the size of the result? What do you know "
            "about two narrow layers if you tried each of them alone? What do you do with a step "
            "whose accuracy is not above the floor?",
            "Minimize the sum of size * bits over all layers, subject to evaluate(bits) > floor. "
            "A guide is the loss per saved bit, loss / (size * saved width). Losses of single "
            "layers add up only roughly, so evaluate the widths together before you keep them.",
            "Sizes: a 100, b 900. Widths 2, 4, 8, floor 85. Alone, a loses 0.5 at 4 bits and 4 at "
            "2 bits, b loses 2 and 9. All at 8 bits: 92 %.\n"
            "Uniform: 4 bits give 92 - 0.5 - 2 = 89.5, above the floor. 2 bits give "
            "92 - 4 - 9 = 79, not above. So 1000 * 4 = 4000 bits bound the size.\n"
            "a at 2 and b at 4 bits give 92 - 4 - 2 = 86, above: 100 * 2 + 900 * 4 = 3800 bits.\n"
            "a at 4 and b at 2 bits give 92 - 0.5 - 9 = 82.5, not above.",
        ),
    ),
)
