"""Explain wrong codes, wrong recovered numbers, and wrong gradients of both: equations (1), (3)."""

import numpy as np

from quantlab.checking.relations import NEAR, constant_difference, constant_ratio, name_of
from quantlab.checking.wrong_part import WrongPart, place, text, text_beside, worst_index

RESIDUE = 0.01  # steps


def show_code(part: WrongPart) -> str:
    """Return the worst code: x, x / s, the limits, expected and got."""
    index = worst_index(part)
    x, scale = part.array("input")[index], part.number_of("scale")
    zero_point = part.number_of("zero_point")
    low, high = limits(part)
    shifted = f", z = {text(zero_point)}" if zero_point else ""
    got, expected = np.asarray(part.got)[index], np.asarray(part.expected)[index]
    return (
        f"x = {text(x)}, x / s = {x / scale:.4g}{shifted}, codes from {low} to {high}: "
        f"expected {text(expected)}, got {text_beside(got, expected)}"
    )


def limits(part: WrongPart, signed: bool | None = None) -> tuple[int, int]:
    """Return the smallest and the largest code of the call, or of (un)signed codes."""
    bits = int(part.number_of("N_bits"))
    if part.arguments.get("signed", True) if signed is None else signed:
        return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return 0, 2**bits - 1


def diagnose_codes(part: WrongPart) -> str:
    """Return why the codes are wrong, by general rules; "" if no rule explains all of them."""
    got, expected = np.asarray(part.got, np.float64), np.asarray(part.expected, np.float64)
    return (
        _not_whole(got, expected, part)
        or _wrapped(got, expected)
        or _sign(got, expected)
        or _zero_point(got, expected, part)
        or _limits(got, expected, part)
        or _rounding_and_limits(got, expected, part)
    )


def _not_whole(got: np.ndarray, expected: np.ndarray, part: WrongPart) -> str:
    residue = np.abs(got - np.rint(got))
    if residue.max() == 0:
        return ""
    index = np.unravel_index(int(np.argmax(residue)), residue.shape)
    shown = f"{got[index]:.7g}"
    if residue.max() < RESIDUE:
        return (
            f"The codes are not whole: {shown}. Arithmetic after the rounding leaves a residue; "
            "round after the division, and do nothing but add integers and clip after it."
        )
    recovered = part.number_of("scale") * (expected + part.number_of("zero_point"))
    if np.allclose(got, recovered, atol=1e-5):
        return (
            f"The codes are not whole: {shown}. They were multiplied by s again, which is equation "
            "(3). Equation (1) ends with integers."
        )
    return (
        f"The codes are not whole: {shown}. Equation (1) rounds the quotient x / s to the nearest "
        "integer."
    )


def _wrapped(got: np.ndarray, expected: np.ndarray) -> str:
    wrong = got != expected
    if not np.any(np.abs(expected) > 127):
        return ""
    wrapped = (expected + 128) % 256 - 128
    if not np.array_equal(got[wrong], wrapped[wrong]):
        return ""
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return (
        f"The codes overflow int8, which ends at 127: {text(expected[index])} becomes "
        f"{text(got[index])}. Keep the dtype of the input."
    )


def _sign(got: np.ndarray, expected: np.ndarray) -> str:
    nonzero = expected != 0
    # The limits are not symmetric, so a swapped sign may still be off by one at the ends.
    opposite = np.abs(got + expected)[nonzero] <= 1
    if nonzero.any() and opposite.all() and np.any(got == -expected) and np.any(expected > 1):
        return "The sign is swapped: positive numbers get negative codes, and the reverse."
    return ""


def _zero_point(got: np.ndarray, expected: np.ndarray, part: WrongPart) -> str:
    zero_point = part.number_of("zero_point")
    low, high = limits(part)
    inside = (expected > low) & (expected < high) & (got > low) & (got < high)
    if not zero_point or not inside.any():
        return ""
    difference = constant_difference(got[inside], expected[inside])
    return {
        "added": "The zero point has the other sign: equation (1) subtracts it.",
        "ignored": "The zero point is ignored: equation (1) subtracts it after rounding.",
        "twice": "The zero point is subtracted twice.",
        "": "",
    }[
        name_of(
            difference,
            {"added": 2 * zero_point, "ignored": zero_point, "twice": -zero_point},
        )
    ]


def _limits(got: np.ndarray, expected: np.ndarray, part: WrongPart) -> str:
    """Name limits that are not L and U; all other codes must be right."""
    low, high = limits(part)
    smallest, largest = int(got.min()), int(got.max())
    if (smallest, largest) == (low, high):
        return ""
    signed = bool(part.arguments.get("signed", True))
    kind = "signed" if signed else "unsigned"
    bits = int(part.number_of("N_bits"))
    sentence = (
        f"Your codes go from {smallest} to {largest}; {kind} codes of {bits} bits go from "
        f"{low} to {high}"
    )
    inside = (expected > max(low, smallest)) & (expected < min(high, largest))
    if not np.array_equal(got[inside], expected[inside]):
        return ""
    return f"{sentence}{_allowedcause(part, (smallest, largest), (low, high))}"


def _allowedcause(part: WrongPart, got: tuple[int, int], allowed: tuple[int, int]) -> str:
    signed, bits = bool(part.arguments.get("signed", True)), int(part.number_of("N_bits"))
    zero_point = int(part.number_of("zero_point"))
    low, high = allowed
    if got == limits(part, not signed):
        return f": yours are the limits of {'un' if signed else ''}signed codes."
    if got == ((-128, 127) if signed else (0, 255)) and bits < 8:
        return ". Yours are the limits of 8 bits: L and U follow from N_bits."
    if zero_point and got == (low - zero_point, high - zero_point):
        return ": clip last, after the zero point is subtracted."
    if got[0] < low - 1 and got[1] > high + 1:
        ends = "-2^(b-1) and 2^(b-1) - 1" if signed else "0 and 2^b - 1"
        return (
            f". Equation (1) clips {'signed' if signed else 'unsigned'} codes to {ends} at the end."
        )
    return f": {' and '.join(_limit_words(got, allowed))}."


def _limit_words(got: tuple[int, int], limits: tuple[int, int]) -> list[str]:
    words = []
    for name, direction, reached, limit in zip(
        ("L", "U"), ("downward", "upward"), got, limits, strict=True
    ):
        beyond = limit - reached if name == "L" else reached - limit
        if beyond > 1:
            words.append(f"nothing stops them {direction} at {name} = {limit}")
        elif reached != limit:
            words.append(f"{name} is {reached}, not {limit}")
    return words


def _rounding_and_limits(got: np.ndarray, expected: np.ndarray, part: WrongPart) -> str:
    low, high = limits(part)
    free = np.rint(part.array("input") / part.number_of("scale")) - part.number_of("zero_point")
    inside = (free > low) & (free < high)
    beyond = (got < low) | (got > high)
    sides = np.sign(part.array("input"))
    how = next(
        filter(
            None,
            (_direction((got - free)[used], sides[used]) for used in (inside | beyond, inside)),
        ),
        "",
    )
    if not how:
        return ""
    sentence = f"The quotients x / s are {how}; equation (1) rounds to the nearest integer."
    smallest, largest = int(got.min()), int(got.max())
    if smallest >= low and largest <= high:
        return sentence
    return f"{sentence} And nothing limits the codes to {low} .. {high}: clip them to L and U."


def _direction(differences: np.ndarray, sides: np.ndarray) -> str:
    """Return how numbers on the `sides` of zero were rounded, by their differences of one step."""
    if not differences.any() or np.abs(differences).max() > 1:
        return ""
    if not np.any(sides < 0):
        return "cut off" if np.all(differences <= 0) else ""
    if np.all(differences <= 0) and np.any(differences[sides < 0] < 0):
        return "rounded down"
    if np.all(differences >= 0) and np.any(differences[sides > 0] > 0):
        return "rounded up"
    if np.all(differences * sides <= 0):
        return "cut off toward zero"
    return "rounded away from zero" if np.all(differences * sides >= 0) else ""


def show_recovered(part: WrongPart) -> str:
    """Return the worst recovered number: the code, s, z, expected and got."""
    index = worst_index(part)
    code, scale = part.array("input")[index], part.number_of("scale")
    zero_point = part.number_of("zero_point")
    got, expected = np.asarray(part.got)[index], np.asarray(part.expected)[index]
    return (
        f"x_int = {text(code)}, s = {text(scale)}, z = {text(zero_point)}: s (x_int + z) is "
        f"{text(expected)}, got {text_beside(got, expected)}"
    )


def diagnose_recovered(part: WrongPart) -> str:
    """Return how the recovered numbers follow from the expected ones; "" if no rule does."""
    scale, zero_point = part.number_of("scale"), part.number_of("zero_point")
    ratio = name_of(
        constant_ratio(part.got, part.expected),
        {"swapped": -1.0, "missing": 1 / scale, "divided": 1 / scale**2, "twice": scale},
    )
    differences = {
        "ignored": -scale * zero_point,
        "subtracted": -2 * scale * zero_point,
        "unscaled": zero_point - scale * zero_point,
        "double": scale * zero_point,
    }
    difference = name_of(constant_difference(part.got, part.expected), differences)
    whole = np.array_equal(np.asarray(part.got), np.rint(part.got))
    return {
        "swapped": "The sign is swapped.",
        "missing": "The scale is missing: these are still counts of steps.",
        "divided": "You divide by the scale; equation (3) multiplies by it.",
        "twice": "You multiply by the scale twice.",
        "ignored": "The zero point is ignored: equation (3) adds it to the codes.",
        "subtracted": "The zero point is subtracted: equation (3) adds it back.",
        "unscaled": "The zero point is added after scaling; it is a code, so add it before.",
        "double": "The zero point is added twice.",
        "": "The results are whole numbers: equation (3) gives real ones." if whole else "",
    }[ratio or (difference if zero_point else "")]


def show_gradient(part: WrongPart) -> str:
    """Return the worst gradient: what comes from above, s, expected and got."""
    index = worst_index(part)
    assert part.upstream is not None
    got, expected = np.asarray(part.got)[index], np.asarray(part.expected)[index]
    return (
        f"element {place(index)}: the gradient of the result is {text(part.upstream[index])}, "
        f"s = {text(part.number_of('scale'))}: expected the gradient {text(expected)}, "
        f"got {text_beside(got, expected)}"
    )


def _end(got: np.ndarray, expected: np.ndarray) -> str:
    """Return the magnitude that larger gradients were clipped to; "" if they were not."""
    end = float(np.abs(got).max())
    clipped = np.abs(expected) > end * (1 + NEAR)
    is_clipped = np.allclose(got, np.clip(expected, -end, end), rtol=NEAR)
    return text(end) if clipped.sum() > 1 and is_clipped else ""


def diagnose_gradient(part: WrongPart) -> str:
    """Return how the gradient follows from the expected one; "" if no rule does."""
    scale = part.number_of("scale")
    got, expected = np.asarray(part.got, np.float64), np.asarray(part.expected, np.float64)
    is_ste = part.target == "linear_quantize_STE"
    if not got.any():
        return (
            "The gradient is 0 everywhere: the derivative of rounding is 0. The straight-through "
            "estimator replaces it."
            if is_ste
            else "The gradient is 0 everywhere."
        )
    assert part.upstream is not None
    if np.allclose(got * part.array("input"), part.upstream, rtol=1e-3) and is_ste:
        return "The gradient is divided by x; the factor is the same for all elements, 1 / s."
    if end := _end(got, expected):
        return (
            f"Your gradients end at -{end} and {end}: remove the clipping. This estimator passes "
            "gradients of any size."
        )
    cut = (got == 0) & (expected != 0)
    rest = name_of(constant_ratio(got[~cut], expected[~cut]), {"same": 1.0})
    if cut.any() and rest:
        return (
            f"The gradient is 0 for {cut.sum()} elements, those that are clipped. This estimator "
            "passes it for every element, clipped or not."
        )
    factors = {
        "swapped": -1.0,
        "unchanged": scale if is_ste else 1 / scale,
        "times": scale**2,
        "again": 1 / scale,
    }
    return {
        "swapped": "The sign of the gradient is swapped.",
        "unchanged": (
            "The gradient passes unchanged. linear_dequantize multiplies it by s on its way back; "
            "both together must leave it as it is."
            if is_ste
            else "The gradient passes unchanged; the derivative of s (x_int + z) is s."
        ),
        "times": "The gradient is multiplied by s; linear_dequantize has done that already.",
        "again": "The gradient is divided by s twice.",
        "": "",
    }[name_of(constant_ratio(got, expected), factors)]
