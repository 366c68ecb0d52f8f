"""What each quantizer of a training computes, and its gradients, against formulas in float64."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines.quantizers.base import Quantizer, signed_codes, unsigned_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from baselines.quantizers.formula_scale import FormulaScale
from baselines.quantizers.lsq import LearnedStep
from baselines.quantizers.pact import ParameterizedClipping
from baselines.quantizers.sawb import COEFFICIENTS, StatisticsAwareBinning, sawb_scale
from baselines.quantizers.ste import StraightThrough
from baselines.quantizers.symmetric import Symmetric, symmetric_scale
from solution import SAWB_COEFFICIENTS

BITS = st.sampled_from([2, 3, 4, 8])
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int, count: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers and what comes back for them, float64; many of the numbers lie beyond the grids."""
    generator = torch.Generator().manual_seed(seed)
    x, back = torch.randn(2, count, generator=generator, dtype=torch.float64)
    return 2 * x, back


def gradients(
    quantizer: Quantizer, x: torch.Tensor, back: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The quantized numbers and the gradient of x, in float64."""
    x = x.clone().requires_grad_()
    quantizer.double()
    quantized = quantizer(x)
    (quantized * back).sum().backward()
    assert x.grad is not None
    return quantized.detach(), x.grad


def on_grid(x: torch.Tensor, scale: float, low: int, high: int) -> torch.Tensor:
    return scale * (x / scale).round().clamp(low, high)


@given(SEEDS, BITS, st.floats(0.05, 2))
def test_straight_through_passes_every_gradient(seed, bits, scale):
    x, back = drawn(seed)
    low, high = signed_codes(bits)
    quantizer = StraightThrough(low, high, scale)
    quantized, gradient = gradients(quantizer, x, back)
    assert torch.allclose(quantized, on_grid(x, float(quantizer.scale), low, high))
    assert torch.equal(gradient, back)


@given(SEEDS, BITS, st.floats(0.05, 2))
def test_clipped_ste_passes_gradients_inside_the_range(seed, bits, scale):
    x, back = drawn(seed)
    low, high = unsigned_codes(bits)
    quantizer = ClippedStraightThrough(low, high, scale)
    quantized, gradient = gradients(quantizer, x, back)
    scale = float(quantizer.scale)
    assert torch.allclose(quantized, on_grid(x, scale, low, high))
    inside = (x >= low * scale) & (x <= high * scale)
    assert torch.allclose(gradient, back * inside)


@given(SEEDS, BITS, st.floats(0.05, 2))
def test_learned_step_has_equation_3_and_its_gradient_scale(seed, bits, scale):
    x, back = drawn(seed)
    low, high = signed_codes(bits)
    quantizer = LearnedStep(low, high, scale, elements=77)
    quantized, gradient = gradients(quantizer, x, back)
    step = float(quantizer.step.detach())
    assert torch.allclose(quantized, on_grid(x, step, low, high))
    v = x / step
    inside = (v >= low) & (v <= high)
    assert torch.allclose(gradient, back * inside)
    by_step = torch.where(inside, v.round() - v, v.clamp(low, high))
    expected = (back * by_step).sum() / math.sqrt(77 * high)
    assert torch.allclose(quantizer.step.grad, expected)


def test_learned_step_quantizes_with_a_negative_step():
    quantizer = LearnedStep(-2, 1, -0.5, elements=1)
    assert quantizer.codes(torch.tensor([0.5, -1.0])).tolist() == [1, -2]
    assert quantizer(torch.tensor([0.5, -1.0])).tolist() == [0.5, -1.0]
    assert float(quantizer.scale.detach()) == 0.5


@given(SEEDS, BITS, st.floats(0.05, 2))
def test_pact_moves_alpha_by_gradients_beyond_it(seed, bits, scale):
    x, back = drawn(seed)
    _, high = unsigned_codes(bits)
    quantizer = ParameterizedClipping(high, scale)
    quantized, gradient = gradients(quantizer, x, back)
    alpha = float(quantizer.alpha)
    assert torch.allclose(quantized, on_grid(x.clamp(0, alpha), alpha / high, 0, high))
    assert torch.allclose(gradient, back * ((x > 0) & (x < alpha)))
    assert torch.allclose(quantizer.alpha.grad, (back * (x >= alpha)).sum())


@pytest.mark.parametrize(
    ("kind", "formula", "clipped"),
    [(Symmetric, symmetric_scale, False), (StatisticsAwareBinning, sawb_scale, True)],
)
@given(SEEDS, BITS)
def test_formula_scale_follows_the_weights_without_gradient(kind, formula, clipped, seed, bits):
    x, back = drawn(seed)
    quantizer: FormulaScale = kind(torch.ones(3, dtype=torch.float64), bits)
    quantized, gradient = gradients(quantizer, x, back)
    scale, (low, high) = float(formula(x, bits)), signed_codes(bits)
    assert torch.allclose(quantized, on_grid(x, scale, low, high))
    inside = (x >= low * scale) & (x <= high * scale)
    assert torch.allclose(gradient, back * inside if clipped else back)
    assert not list(quantizer.parameters())
    quantizer.eval()
    quantizer(3 * x)
    assert float(quantizer.scale) == pytest.approx(scale)


def test_formula_scales_match_a_manual_calculation():
    weight = torch.tensor([3.0, -4.0, 0.0, 0.0])  # E[w^2] = 6.25, E|w| = 1.75
    assert float(symmetric_scale(weight, 4)) == 4 / 8
    assert float(sawb_scale(weight, 4)) == pytest.approx((12.907 * 2.5 - 12.803 * 1.75) / 8)
    constant = torch.tensor([1.0, -1.0])  # alpha would be negative
    assert float(sawb_scale(constant, 8)) == 1 / 128


def test_sawb_scale_has_the_constants_of_the_assignment():
    assert COEFFICIENTS == SAWB_COEFFICIENTS


@given(SEEDS, BITS)
def test_quantizer_codes_are_those_of_the_forward_pass(seed, bits):
    x, _ = drawn(seed)
    for quantizer in (
        StraightThrough(*signed_codes(bits), 0.3),
        ClippedStraightThrough(*unsigned_codes(bits), 0.3),
        LearnedStep(*signed_codes(bits), 0.3, elements=64),
        ParameterizedClipping(unsigned_codes(bits)[1], 0.3),
        StatisticsAwareBinning(x, bits),
        Symmetric(x, bits),
    ):
        quantizer.double()
        quantized = quantizer(x).detach()
        assert torch.allclose(quantizer.codes(x) * quantizer.scale.detach(), quantized)


def test_straight_through_refuses_a_grid_without_zero():
    with pytest.raises(ValueError, match="range of codes around zero"):
        StraightThrough(1, 3, 0.5)
