"""The numbers in the reference's written answers of question 1 hold for every student's vectors."""

from functools import cache

import pytest
import torch

from authoring.build.notebook import master_text
from autograder.checks.squared_error import SquaredError
from instructor import solution
from quantlab.data.student_vectors import student_vectors

FEW = ("ada", "grace", "alan")
MANY = tuple(f"student{number:02d}" for number in range(50))


@cache
def text() -> str:
    """The master of the notebook, its comments joined into one line."""
    return " ".join(master_text().replace("\n# ", " ").split())


def error_ratios(values: torch.Tensor, bits: int) -> dict[str, float]:
    """The error of a method's scale over the least error."""
    errors = SquaredError(values.numpy())
    least = errors.least(bits)
    return {
        method: errors.at(float(solution.reset_scale_and_zero_point(values, bits, method)[0]), bits)
        / least
        for method in ("sym", "SAWB")
    }


def sawb_error(values: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor, float]:
    """The error of every value, which of them are clipped, and the scale."""
    scale = solution.get_scale(values, bits)
    codes = solution.linear_quantize(values, scale, 0, bits)
    error = (solution.linear_dequantize(codes, scale, 0) - values).double()
    half = 2 ** (bits - 1)
    return error, (values > (half - 0.5) * scale) | (values < -(half + 0.5) * scale), float(scale)


def check_comparison(student: str) -> None:
    vectors = student_vectors(student)
    ratios = {(n, b): error_ratios(v, b) for n, v in vectors.items() for b in (8, 4, 2)}
    for key in (("A", 4), ("A", 2), ("B", 4), ("B", 2)):
        assert ratios[key]["SAWB"] <= 1.10, (student, key, ratios[key])
    assert ratios["A", 8]["SAWB"] <= 1.15, (student, ratios["A", 8])
    assert 2 <= ratios["B", 8]["SAWB"] <= 6, (student, ratios["B", 8])
    assert max(ratios["A", 8]["sym"], ratios["B", 8]["sym"]) <= 1.6
    assert ratios["B", 8]["sym"] < ratios["B", 8]["SAWB"]
    assert all(1.5 <= ratios["A", bits]["sym"] <= 3.5 for bits in (4, 2)), (student, ratios)
    assert all(3 <= ratios["B", bits]["sym"] <= 20 for bits in (4, 2)), (student, ratios)


def check_bias(student: str) -> None:
    vectors = student_vectors(student)
    for values in vectors.values():
        means = {}
        for bits in (8, 4, 2):
            error, _, scale = sawb_error(values, bits)
            means[bits] = float(error.mean()) / scale
        assert -0.11 <= means[2] <= -0.055, (student, means)
        assert -0.02 <= means[4] <= -0.005, (student, means)
        assert abs(means[8]) <= 0.02, (student, means)
        assert scale > values.std()  # of 2 bits
    error, clipped, scale = sawb_error(vectors["B"], 8)
    assert error[clipped].square().sum() > 0.5 * error.square().sum()
    assert 5.5 <= 128 * scale / vectors["B"].std() <= 6.6
    assert vectors["B"].abs().max() > 128 * scale


def test_written_answer_states_the_numbers_that_are_checked() -> None:
    for claim in (
        "At 4 and 2 bits SAWB comes within 10 % of it",
        "on A at 8 bits within 15 %",
        "its error is 2 to 6 times the least",
        "clips B at about 6 standard deviations",
        "At 8 bits its error is at most 1.6 times the least, on B less than that of SAWB",
        "1.5 to 3.5 times the least error on A and 3 to 20 times on B",
        "by about 0.01 steps at 4 bits, and by 0.06 to 0.11 steps at 2 bits",
        "At 8 bits it is within 0.02 steps of zero, on either side",
    ):
        assert claim in text(), claim
    assert "stays close to it at all widths" not in text()


@pytest.mark.parametrize("student", FEW)
def test_written_answer_holds_for_a_few_students(student: str) -> None:
    check_comparison(student)
    check_bias(student)


@pytest.mark.long
@pytest.mark.parametrize("student", MANY)
def test_written_answer_holds_for_fifty_students(student: str) -> None:
    check_comparison(student)
    check_bias(student)
