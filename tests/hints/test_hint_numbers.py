"""Every number in the smallest cases of the hints, computed with the reference."""

import re

import pytest
import torch
from torch import tensor

from instructor import solution
from quantlab.notebook.hint_texts import HINTS

NUMBER = re.compile(r"(?<![\w.^])-?\d+(?:\.\d+)?")
TEXTS = {hints.function: hints.levels[2] for hints in HINTS}
QUANTIZED = tensor([-1.2, -0.6, 0.3, 0.9])


def list_of(values, digits=None):
    """A list as a hint writes it."""
    numbers = [round(float(v), 4) for v in torch.as_tensor(values).reshape(-1).tolist()]
    if digits is None:
        return "[" + ", ".join(f"{v:g}" for v in numbers) + "]"
    return "[" + ", ".join(f"{v:.{digits}f}" for v in numbers) + "]"


def quantize_example():
    x = QUANTIZED
    (low, high), (lowest, highest) = ends(True), ends(False)
    return {
        list_of(x, 1),
        f"x / s = {list_of(x / 0.5, 1)}, rounded {list_of((x / 0.5).round())}",
        f"codes are {list_of(solution.linear_quantize(x, 0.5, 0, 2))}",
        f"codes {list_of(solution.linear_quantize(x, 0.5, 1, 2))}",
        f"With z = 1: {list_of((x / 0.5).round() - 1)} before",
        f"codes {list_of(solution.linear_quantize(x, 0.5, 0, 2, False))}",
        f"L = {low} and U = {high}",
        f"L = {lowest} and U = {highest}",
    }


def ends(signed):
    """The codes of numbers far outside of the range of 2 bits."""
    return solution.linear_quantize(tensor([-9.0, 9.0]), 0.5, 0, 2, signed).int().tolist()


def dequantize_example():
    codes = solution.linear_quantize(QUANTIZED, 0.5, 0, 2)
    recovered = solution.linear_dequantize(codes, 0.5, 0)
    moved = solution.linear_quantize(QUANTIZED, 0.5, 1, 2)
    return {
        f"Codes {list_of(codes)}, s = 0.5, z = 0: x_hat = {list_of(recovered, 1)}",
        f"x_hat - x = {list_of(recovered - QUANTIZED, 1)}",
        f"If x was {list_of(QUANTIZED, 1)}",
        f"Codes {list_of(moved)}, s = 0.5, z = 1: x_hat = "
        f"{list_of(solution.linear_dequantize(moved, 0.5, 1), 1)}",
    }


def sawb_example():
    x, flat = tensor([-2.0, 0.0, 0.0, 1.0]), tensor([-1.0, 1.0])
    (c1, c2), (d1, d2) = (solution.SAWB_COEFFICIENTS[b] for b in (2, 5))
    root, mean = x.square().mean().sqrt(), x.abs().mean()
    return {
        f"c1 = {c1} and c2 = {c2}",
        f"(4 + 0 + 0 + 1) / 4 = {x.square().mean():g}, its root {root:.3f}",
        f"3 / 4 = {mean:g}",
        f"alpha = {c1} * {root:.3f} - {c2} * {mean:g} = {c1 * root - c2 * mean:.3f}",
        f"s = {c1 * root - c2 * mean:.3f} / 2 = {solution.get_scale(x, 2):.3f}",
        f"alpha = {d1:.3f} * 1 - {d2:.3f} * 1 = {d1 - d2:.3f}",
        f"s = 1 / 16 = {solution.get_scale(flat, 5):g}",
        "x = [-2, 0, 0, 1], 2 bits",
        "x = [-1, 1], 5 bits",
        f"max |x| = {flat.abs().max():g},",
    }


def reset_example():
    x = tensor([-1.2, -0.6, 0.4, 1.0])
    reset = solution.reset_scale_and_zero_point

    def error(s):
        recovered = solution.linear_dequantize(solution.linear_quantize(x, s, 0, 2), s, 0)
        return recovered, (x - recovered).square()

    (at_6, squares), (_, at_5), (_, at_7) = error(0.6), error(0.5), error(0.7)
    terms = " + ".join(f"{round(v, 4):g}" for v in squares.tolist())
    assert min(squares.mean(), at_5.mean(), at_7.mean()) == squares.mean()
    return {
        f"x = {list_of(x, 1)}, 2 bits",
        f"max |x| = 1.2, s = 1.2 / 2 = {reset(x, 2, 'sym')[0]:g}",
        "x = [0.0, 0.3, 0.6, 0.9]: s = 0.9 / 3 = "
        f"{reset(tensor([0.0, 0.3, 0.6, 0.9]), 2, 'unsigned')[0]:g}",
        f"at s = 0.6 x_hat = {list_of(at_6, 1)}",
        f"({terms}) / 4 = {squares.mean():g}",
        f"At s = 0.5 the error is {at_5.mean():.4f}",
        f"at s = 0.7 it is {at_7.mean():.4f}. Of these three 0.6 is best",
    }


def estimator_example():
    x = tensor([-1.9, 0.3], requires_grad=True)
    codes = solution.linear_quantize_STE(x, 0.5, 0, 2)
    codes.retain_grad()
    recovered = solution.linear_dequantize(codes, 0.5, 0)
    recovered.backward(tensor([0.2, -0.4]))
    return {
        f"x = {list_of(x, 1)}, s = 0.5, z = 0, 2 bits: codes {list_of(codes)}",
        f"recovered {list_of(recovered, 1)}",
        f"dL/dx_int = 0.5 * [0.2, -0.4] = {list_of(codes.grad, 1)}",
        f"Backward returns {list_of(x.grad, 1)} for x, although -1.9 was clipped",
        "dL/dx_hat = [0.2, -0.4]",
    }


def int32(*rows):
    return tensor(rows, dtype=torch.int32)


def linear_example():
    acc = solution.integer_linear(int32(3, 1).view(1, 2), int32([2, -1], [-4, 5]))
    long = torch.full((1, 1001), 255, dtype=torch.int32), torch.full((1, 1001), 127).int()
    total = int(solution.integer_linear(*long))
    return {
        "x = [3, 1], w = [[2, -1], [-4, 5]]",
        f"[3 * 2 + 1 * (-1), 3 * (-4) + 1 * 5] = {list_of(acc)}",
        f"1001 products of 255 and 127 sum to {total}",
        f"float32 gives {int(tensor(total, dtype=torch.float32))}",
    }


def row_convolution(kernel, padding=0, stride=1, dilation=1):
    x, w = int32(1, 2, 3, 4).view(1, 1, 1, 4), kernel.view(-1, 1, 1, 3)
    return solution.integer_conv2d(x, w, stride, (0, padding), dilation)


def convolution_example():
    kernel = int32(1, 0, -1)
    return {
        "x = [1, 2, 3, 4], w = [1, 0, -1]",
        f"padding 0: [1 - 3, 2 - 4] = {list_of(row_convolution(kernel))}",
        f"padding 1: [0 - 2, 1 - 3, 2 - 4, 3 - 0] = {list_of(row_convolution(kernel, 1))}",
        f"stride 2: every second of these, {list_of(row_convolution(kernel, 1, 2))}",
        f"dilation 2: [0 - 4, 1 - 0] = {list_of(row_convolution(kernel, 1, 1, 2))}",
        "padding 1, stride 2",
        "padding 1, dilation 2",
    }


def quantized_linear_example():
    x, w, b = int32(3, 1).view(1, 2), int32([2, -1], [-4, 5]), int32(10, 2)
    acc = solution.integer_linear(x, w)
    y, without = (
        solution.quantized_linear_function(x, w, bias, 0.5, 0.1).float() for bias in (b, None)
    )
    return {
        f"acc = {list_of(acc)}, b_int = [10, 2], s_x = 0.5, s_w = 0.1, so s_x s_w = 0.05",
        f"acc + b_int = {list_of(acc + b)}, and y = {list_of(y)}",
        f"Without a bias y = {list_of(without)}",
    }


def quantized_convolution_example():
    x, w = int32(1, 2, 3, 4).view(1, 1, 1, 4), int32([1, 0, -1], [0, 1, 0])
    first, second = row_convolution(w)[0]
    y = solution.quantized_conv2d_function(x, w.view(2, 1, 1, 3), int32(4, -1), 0.5, 0.1)[0]
    return {
        "x = [1, 2, 3, 4] and two output channels, w = [1, 0, -1] and [0, 1, 0]",
        f"acc = {list_of(first)} and {list_of(second)}",
        "b_int = [4, -1], s_x = 0.5, s_w = 0.1",
        f"0.05 * [-2 + 4, -2 + 4] = {list_of(y[0])}",
        f"0.05 * [2 - 1, 3 - 1] = {list_of(y[1])}",
    }


def search_example():
    sizes = {"a": 100, "b": 900}
    loss = {"a": {8: 0, 4: 0.5, 2: 4}, "b": {8: 0, 4: 2, 2: 9}}

    def evaluate(bits):
        return 92 - sum(loss[name][bits[name]] for name in sizes)

    best = solution.variable_precision_search(sizes, evaluate, (2, 4, 8), 85)
    assert best == {"a": 2, "b": 4}
    return {
        "a 100, b 900. Widths 2, 4, 8, floor 85",
        "a loses 0.5 at 4 bits and 4 at 2 bits, b loses 2 and 9. All at 8 bits: 92 %",
        f"4 bits give 92 - 0.5 - 2 = {evaluate({'a': 4, 'b': 4})}",
        f"2 bits give 92 - 4 - 9 = {evaluate({'a': 2, 'b': 2})}",
        f"1000 * 4 = {sum(sizes.values()) * 4} bits",
        f"a at 2 and b at 4 bits give 92 - 4 - 2 = {evaluate(best)}",
        f"100 * 2 + 900 * 4 = {100 * 2 + 900 * 4} bits",
        f"a at 4 and b at 2 bits give 92 - 0.5 - 9 = {evaluate({'a': 4, 'b': 2})}",
    }


EXAMPLES = {
    "linear_quantize": quantize_example,
    "linear_dequantize": dequantize_example,
    "get_scale": sawb_example,
    "reset_scale_and_zero_point": reset_example,
    "linear_quantize_STE": estimator_example,
    "integer_linear": linear_example,
    "integer_conv2d": convolution_example,
    "quantized_linear_function": quantized_linear_example,
    "quantized_conv2d_function": quantized_convolution_example,
    "variable_precision_search": search_example,
}


def test_every_function_has_an_example():
    assert EXAMPLES.keys() == TEXTS.keys()


@pytest.mark.parametrize("function", EXAMPLES)
def test_smallest_case_has_the_numbers_of_the_reference(function):
    text = " ".join(TEXTS[function].split())
    phrases = EXAMPLES[function]()
    assert [phrase for phrase in phrases if phrase not in text] == []
    verified = {number for phrase in phrases for number in NUMBER.findall(phrase)}
    assert set(NUMBER.findall(text)) <= verified | {"0", "0.5", "2"}  # z, s and bits of the case
