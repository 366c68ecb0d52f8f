"""A right solution gets its points whatever form it is written in, and a bug costs once."""

import textwrap
from collections.abc import Iterator

import pytest

from autograder.engine.corpus import load_alternatives
from autograder.engine.record import Report, Verdict
from autograder.grading.submission import grade_submission
from autograder.sandbox.host import Sandbox
from quantlab.intake.submission import Submission

ALTERNATIVES = {alternative.name: alternative for alternative in load_alternatives()}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def lost(course, sandbox, reference_source):
    """The points that each check takes from the reference with `patch` below it."""

    def graded(patch: str) -> dict[str, float]:
        source = f"{reference_source}\n\n{textwrap.dedent(patch)}"
        report: Report = grade_submission(Submission("ada", source), course, sandbox)
        calls = [check for check in report.checks if check.source == "call"]
        return {c.id: c.max_points - c.points for c in calls if c.points < c.max_points}

    return graded


# The names of a method ------------------------------------------------------------------------


ONE_NAME = """
def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method == "{name}":
        return input.max() / (2**N_bits - 1), 0
    if method == "heuristic":
        return _scale_of_least_error(input, N_bits), 0
    if method == "SAWB":
        return get_scale(input, N_bits), 0
    {otherwise}
"""
UNKNOWN = {
    "raises": 'assert method == "sym"; return input.abs().max() / 2 ** (N_bits - 1), 0',
    "is sym": "return input.abs().max() / 2 ** (N_bits - 1), 0",
    "is nothing": "return (input.abs().max() / 2 ** (N_bits - 1), 0) if method == 'sym' else None",
}


@pytest.mark.parametrize("otherwise", UNKNOWN)
@pytest.mark.parametrize("name", ["unsigned", "asym"])
def test_reset_unsigned_takes_either_name(lost, name: str, otherwise: str) -> None:
    assert lost(ONE_NAME.format(name=name, otherwise=UNKNOWN[otherwise])) == {}


def test_reset_unsigned_loses_points_if_wrong_under_both_names(lost) -> None:
    patch = ONE_NAME.format(name="asym", otherwise=UNKNOWN["is sym"])
    assert lost(patch.replace("2**N_bits - 1", "2**N_bits")) == {"1a.reset.unsigned": 2.0}


# The forms of scales and zero points ----------------------------------------------------------


@pytest.mark.parametrize("name", ["scales_are_tensors", "scales_are_numbers"])
def test_grade_submission_accepts_scales_as_tensors_or_numbers(lost, name: str) -> None:
    assert lost(ALTERNATIVES[name].code) == {}


def test_linear_quantize_loses_points_if_wrong_in_its_only_form(lost) -> None:
    lost_points = lost(
        """
        def linear_quantize(input, scale, zero_point, N_bits, signed=True):
            low, high = _limits(N_bits, signed)
            return torch.clamp(torch.round(input / scale) - zero_point.float() + 1, low, high)
        """
    )
    assert set(lost_points) >= {f"1a.linear_quantize.{part}" for part in ("signed", "zero_point")}


def test_linear_quantize_shows_the_first_exception_of_all_forms(
    course, sandbox, reference_source
) -> None:
    patch = (
        "\n\ndef linear_quantize(input, scale, zero_point, N_bits, signed=True):\n"
        "    raise ValueError(type(zero_point).__name__)\n"
    )
    report = grade_submission(Submission("ada", reference_source + patch), course, sandbox)
    check = next(c for c in report.checks if c.id == "1a.linear_quantize.signed")
    assert check.verdict is Verdict.ERROR
    assert check.message.endswith(": int")


def test_linear_quantize_in_place_before_a_failure_costs_only_purity(lost) -> None:
    lost_points = lost(
        """
        def linear_quantize(input, scale, zero_point, N_bits, signed=True):
            input /= scale
            low, high = _limits(N_bits, signed)
            return torch.clamp(torch.round(input) - zero_point.float(), low, high)
        """
    )
    assert lost_points == {"1a.linear_quantize.pure": 1.0}


def test_ste_accepts_a_backward_that_needs_a_tensor(lost) -> None:
    lost_points = lost(
        """
        class _quantize_func_STE(torch.autograd.Function):
            @staticmethod
            def forward(ctx, input, scale, zero_point, N_bits, signed=True):
                ctx.scale, ctx.zero_point = scale, zero_point
                return linear_quantize(input, scale, zero_point, N_bits, signed)

            @staticmethod
            def backward(ctx, grad_output):
                return grad_output / ctx.scale + 0 * ctx.zero_point.float(), None, None, None, None

        linear_quantize_STE = _quantize_func_STE.apply
        """
    )
    assert lost_points == {}


# Arguments that are changed in place ----------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "input /= scale\n    return torch.clamp(torch.round(input) - zero_point, low, high)",
        "return input.div_(scale).round_().sub_(zero_point).clamp_(low, high)",
    ],
)
def test_linear_quantize_in_place_costs_the_purity_check_alone(lost, body: str) -> None:
    source = (
        "def linear_quantize(input, scale, zero_point, N_bits, signed=True):\n"
        "    low, high = _limits(N_bits, signed)\n"
        f"    {body}\n"
    )
    assert lost(source) == {"1a.linear_quantize.pure": 1.0}


def test_grade_submission_ignores_other_arguments_changed_in_place(lost) -> None:
    assert lost(ALTERNATIVES["arguments_changed_in_place"].code) == {}


def test_visible_check_warns_of_an_argument_changed_in_place(marked, reference_source) -> None:
    source = reference_source + ALTERNATIVES["arguments_changed_in_place"].code
    check = next(
        c for c in marked(Submission("ada", source)).checks if c.id == "1a.linear_dequantize.values"
    )
    assert check.points == check.max_points
    assert check.message == (
        "The argument input was changed in place, or through a result that shares its memory."
    )
