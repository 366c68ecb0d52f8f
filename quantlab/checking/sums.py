"""Explain wrong sums of products, and wrong outputs of quantized layers: equation (6)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from quantlab.checking.relations import (
    NEAR,
    constant_ratio,
    name_of,
)
from quantlab.checking.wrong_part import WrongPart, place, text, text_beside, worst_index

SHOWN_PRODUCTS = 3
SAMPLES = 24  # sums that a rule about operands is tried on
FLOAT32_INTEGERS = 2**24


def show_sum(part: WrongPart) -> str:
    """Return the worst sum: its first products, expected and got."""
    index = worst_index(part)
    codes, weights = operands(part, index)
    used = [(x, w) for x, w in zip(codes, weights, strict=True) if x and w][:SHOWN_PRODUCTS]
    products = " + ".join(f"{x} * {w}" for x, w in used)
    got, expected = np.asarray(part.got)[index], np.asarray(part.expected)[index]
    more = " + ..." if len(codes) > len(used) else ""
    geometry = show_geometry(part.arguments)
    where = f"{place(index)} ({geometry})" if geometry else place(index)
    return (
        f"output {where} is a sum of {len(codes)} products, {products}{more}: "
        f"expected {text(expected)}, got {text_beside(got, expected)}"
    )


def operands(part: WrongPart, index: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return the codes and the weights whose products add up to the output at `index`."""
    codes, weight = np.asarray(part.arguments["input"]), np.asarray(part.arguments["weight"])
    if weight.ndim == 2:
        return codes[index[:-1]].tolist(), weight[index[-1]].tolist()
    image, channel, row, column = index
    (stride, padding, dilation), groups = _geometry(part)
    (rows, columns), width = weight.shape[2:], weight.shape[1]
    first = channel // (weight.shape[0] // groups) * width
    pairs = [((0, 0)), *[(p, p) for p in padding]]
    padded = np.pad(codes[image, first : first + width], pairs)
    top, left = row * stride[0], column * stride[1]
    window = padded[
        :,
        top : top + (rows - 1) * dilation[0] + 1 : dilation[0],
        left : left + (columns - 1) * dilation[1] + 1 : dilation[1],
    ]
    return window.reshape(-1).tolist(), weight[channel].reshape(-1).tolist()


def _geometry(part: WrongPart) -> tuple[list[tuple[int, int]], int]:
    pairs = []
    for name, default in (("stride", 1), ("padding", 0), ("dilation", 1)):
        value: Any = part.arguments.get(name, default)
        pairs.append(tuple(value) if isinstance(value, (tuple, list)) else (value, value))
    return pairs, int(part.arguments.get("groups", 1))


def show_geometry(arguments: Mapping[str, Any]) -> str:
    """Return the geometry of a call of a convolution; "" for a fully connected layer."""
    names = ("stride", "padding", "dilation", "groups")
    return ", ".join(f"{name} {arguments[name]}" for name in names if name in arguments)


def diagnose_shape(part: WrongPart) -> str:
    """Return what a wrong shape of outputs may be due to."""
    shape, expected = np.shape(part.got), np.shape(part.expected)
    if len(shape) == 2 and shape == expected[::-1] and shape != expected:
        return "Rows and columns are exchanged: one row per example, one column per output."
    if len(shape) == len(expected) == 4 and shape[:2] == expected[:2]:
        return "Height and width follow from stride, padding and dilation: pass each of them on."
    inputs = np.shape(part.arguments["input"])[-1]
    if part.target == "integer_linear" and shape == (*expected[:-1], inputs):
        return (
            "The last dimension still has the input features: sum the products over them, and "
            "return one number for each output."
        )
    return ""


def diagnose_sums(part: WrongPart) -> str:
    """Return why the sums are wrong, by general rules; "" if no rule explains all of them."""
    got, expected = np.asarray(part.got, np.float64), np.asarray(part.expected, np.float64)
    return (
        _constant(part, got, expected)
        or _precision(got, expected)
        or _overflow(got, expected)
        or _operand_types(part)
        or _order(part, got, expected)
    )


def _constant(part: WrongPart, got: np.ndarray, expected: np.ndarray) -> str:
    terms = len(operands(part, worst_index(part))[0])
    differences = np.unique(got - expected)
    if differences.size == 1:
        size = "large" if differences[0] > 0 else "small"
        return (
            f"Every sum is {text(abs(differences[0]))} too {size}: something is added that is no "
            "product, such as a bias."
        )
    ratio = name_of(constant_ratio(got, expected), {"swapped": -1.0, "mean": 1 / terms})
    if ratio == "swapped":
        return "The sign of every sum is swapped."
    if ratio == "mean" or np.abs(got * terms - expected).max() <= terms:
        return f"The sums are divided by their {terms} products: add up, do not average."
    return ""


def _precision(got: np.ndarray, expected: np.ndarray) -> str:
    """Name a floating-point type that holds all of the results and not all of the sums."""
    wrong = got != expected
    relative = np.abs(got - expected) / np.maximum(np.abs(expected), 1)
    is_large = np.abs(expected) > FLOAT32_INTEGERS
    fits_float32 = np.array_equal(got[wrong].astype(np.float32), got[wrong])
    if fits_float32 and not wrong[~is_large].any() and relative.max() < 1e-5:
        return (
            "Only sums beyond 2^24 = 16777216 are wrong, in their last digits. float32 holds no "
            "more; float64 holds every integer up to 2^53."
        )
    mantissas = np.frexp(got)[0] * 2.0**11
    if relative.max() < 0.02 and np.array_equal(mantissas, np.rint(mantissas)):
        return (
            "All sums are rounded to about three digits: a 16-bit floating-point type is used on "
            "the way."
        )
    if np.any((got == -(2.0**31)) & (expected > -(2.0**31))):
        return (
            "Some sums became -2147483648, as infinity does as an integer: a floating-point type "
            "on the way is too small. float16 ends at 65504, and holds integers only up to 2^11."
        )
    return ""


def _overflow(got: np.ndarray, expected: np.ndarray) -> str:
    for bits in (8, 16, 32):
        half = 2.0 ** (bits - 1)
        if np.array_equal(got, (expected + half) % (2 * half) - half):
            return f"The sums wrap around in {bits} bits: add up in a wider type."
        if np.array_equal(got, np.clip(expected, -half, half - 1)):
            return f"The sums are clipped to {bits} bits; they keep all of their 32 bits."
    return ""


def _operand_types(part: WrongPart) -> str:
    """Name a type that changes the codes or the weights before they are multiplied."""
    size = np.asarray(part.got).size
    places = [
        tuple(int(i) for i in np.unravel_index(n, np.shape(part.got)))
        for n in range(0, size, max(1, size // SAMPLES))
    ]
    pairs = [operands(part, index) for index in places]
    got = [int(np.asarray(part.got)[index]) for index in places]
    for codes_as, change_codes in _CHANGES.items():
        for weights_as, change_weights in _CHANGES.items():
            sums = [
                sum(change_codes(x) * change_weights(w) for x, w in zip(*pair, strict=True))
                for pair in pairs
            ]
            if sums == got and not (codes_as or weights_as):
                return ""
            if sums == got and codes_as == weights_as:
                return (
                    f"Before they are multiplied, the codes and the weights {codes_as}. Keep their "
                    "values."
                )
            if sums == got:
                changed = [
                    f"the {name} {how}"
                    for name, how in (("codes", codes_as), ("weights", weights_as))
                    if how
                ]
                return f"Before they are multiplied, {' and '.join(changed)}. Keep their values."
    return ""


_CHANGES: Mapping[str, Callable[[int], int]] = {
    "": lambda value: value,
    "wrap around in int8, which ends at 127": lambda value: (value + 128) % 256 - 128,
    "become unsigned bytes, which turns negative ones into large positive ones": lambda value: (
        value % 256
    ),
    "lose their sign": abs,
}


def _order(part: WrongPart, got: np.ndarray, expected: np.ndarray) -> str:
    spread = got.std() / expected.std()
    if np.mean(got != expected) < 0.9 or not 0.5 < spread < 2:
        return ""
    return (
        "Check that every output pairs its codes with its own weights, those of row "
        f"{worst_index(part)[1 if got.ndim == 4 else -1]} here, in the same order: reshaping keeps "
        "the order of elements, transposing changes it."
    )


def show_output(part: WrongPart) -> str:
    """Return the worst output of a quantized layer: scales, sum, bias, expected and got."""
    index = worst_index(part)
    got, expected = np.asarray(part.got)[index], np.asarray(part.expected)[index]
    s_x, s_w = part.number_of("input_scale"), part.number_of("weight_scale")
    codes, weights = operands(part, index)
    total = sum(x * w for x, w in zip(codes, weights, strict=True))
    bias = part.arguments.get("bias")
    channel = index[-1] if np.asarray(part.arguments["weight"]).ndim == 2 else index[1]
    added = "no bias" if bias is None else f"b_int = {int(bias[channel])}"
    return (
        f"output {place(index)}: s_x = {text(s_x)}, s_w = {text(s_w)}, sum = {total}, {added}: "
        f"s_x s_w (sum + b_int) is {text(expected)}, got {text_beside(got, expected)}"
    )


def diagnose_output(part: WrongPart) -> str:
    """Return how the outputs follow from the expected ones; "" if no rule does."""
    got, expected = np.asarray(part.got, np.float64), np.asarray(part.expected, np.float64)
    s_x, s_w = part.number_of("input_scale"), part.number_of("weight_scale")
    factors = {
        "The sign of every output is swapped.": -1.0,
        "The scales are missing: sums of codes become real numbers by s_x s_w.": 1 / (s_x * s_w),
        "The factor is s_x alone; s_w is missing.": 1 / s_w,
        "The factor is s_w alone; s_x is missing.": 1 / s_x,
        "You divide by s_x s_w; equation (6) multiplies.": 1 / (s_x * s_w) ** 2,
        "You divide by s_w; equation (6) multiplies by it.": 1 / s_w**2,
        "You divide by s_x; equation (6) multiplies by it.": 1 / s_x**2,
        "The factor s_x s_w is used twice.": s_x * s_w,
        "The factor is s_x twice; s_w is missing.": s_x / s_w,
        "The factor is s_w twice; s_x is missing.": s_w / s_x,
        "The factor is s_x + s_w; equation (6) has their product.": (s_x + s_w) / (s_x * s_w),
        "The factor s_x is used twice.": s_x,
        "The factor s_w is used twice.": s_w,
    }
    sentence = name_of(constant_ratio(got, expected), factors)
    if sentence:
        return sentence
    if np.array_equal(got, np.rint(got)):
        return "The outputs are whole numbers: they were rounded, or cast to integers, at the end."
    return _bias(part, got - expected, s_x, s_w) or _small(got, expected)


def _bias(part: WrongPart, difference: np.ndarray, s_x: float, s_w: float) -> str:
    """Name how the bias is added, from what the outputs of each channel are off by."""
    bias = part.arguments.get("bias")
    if bias is None:
        return ""
    axis = difference.ndim - 1 if np.asarray(part.arguments["weight"]).ndim == 2 else 1
    by_channel = np.moveaxis(difference, axis, 0).reshape(difference.shape[axis], -1)
    means = by_channel.mean(1)
    largest = np.abs(means).max()
    step = s_x * s_w
    if np.abs(by_channel - means[:, None]).max() > 1e-3 * largest:
        added = by_channel / step + np.asarray(bias, np.float64)[:, None]
        nearest = np.abs(added[..., None] - np.asarray(bias, np.float64)).min(-1)
        is_other_axis = nearest.max() < 1
        return "The bias is added along another axis than the outputs'." if is_other_axis else ""
    factors = {
        "The bias is missing.": -step,
        "The bias is subtracted; equation (6) adds it.": -2 * step,
        "The bias is added after scaling, as if its codes were real numbers.": 1 - step,
        "The bias is scaled by s_x alone; its scale is s_x s_w.": s_x - step,
        "The bias is scaled by s_w alone; its scale is s_x s_w.": s_w - step,
        "The bias is scaled twice: add its codes to the sums, then scale once.": step**2 - step,
        "The bias is added twice.": step,
    }
    ratio = constant_ratio(means, np.asarray(bias, np.float64))
    near = {name: value for name, value in factors.items() if ratio is not None}
    return next(
        (name for name, v in near.items() if ratio and abs(ratio - v) <= 20 * NEAR * abs(v)), ""
    )


def _small(got: np.ndarray, expected: np.ndarray) -> str:
    if np.abs(got - expected).max() < 0.01 * np.abs(expected).max():
        return (
            "All outputs are nearly right: a type with too few digits is used on the way. Add the "
            "integers exactly, and scale in float32 or wider."
        )
    if np.allclose(got, np.maximum(expected, 0)):
        return "Negative outputs have become 0: equation (6) has no ReLU."
    return ""
