"""Scale-adjusted training: weights and gradients by hand, and a model of the kit's format."""

import math

import pytest
import torch

from baselines.methods.qat import calibrated_scales, trainable_network
from baselines.quantized_network import quantized_layers, saved_model
from baselines.quantizers.sat import CalibratedClipping, ScaleAdjusted


def test_scale_adjusted_matches_a_manual_calculation() -> None:
    # tanh(w) / max = 1, -0.5, 0.25 on the grid of 3 bits: 4 clipped to 3, -2, 1.
    squashed = torch.tensor([[0.8, -0.4, 0.2]])
    weight = torch.atanh(squashed).requires_grad_()
    quantizer = ScaleAdjusted(weight, 3)
    assert quantizer.codes(weight).tolist() == [[3, -2, 1]]
    variance = (9 + 4 + 1) / 3 - (2 / 3) ** 2
    scale = 1 / math.sqrt(1 * variance)  # one output
    assert float(quantizer.scale) == pytest.approx(scale)
    quantizer(weight).sum().backward()
    slope = (1 - squashed**2) / 0.8 * 4 * scale
    slope[0, 0] = 0  # clipped
    torch.testing.assert_close(weight.grad, slope)


def test_scale_adjusted_gain_does_not_depend_on_the_largest_weight() -> None:
    weight = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0)) * 0.1
    for changed in (weight, weight * 0.5):
        quantized = ScaleAdjusted(changed, 4)(changed)
        assert float(quantized.var(correction=0)) == pytest.approx(1 / (8 * 9), rel=0.02)


def test_calibrated_clipping_calibrates_the_gradient_of_alpha() -> None:
    # Range 3, codes 0..3: 1.4 becomes 1, and (1 - 1.4) / 3 is its part; beyond the range 1.
    quantizer = CalibratedClipping(3, 1.0)
    for value, gradient in ((1.4, -0.4 / 3), (5.0, 1.0), (-2.0, 0.0)):
        quantizer.alpha.grad = None
        quantizer(torch.tensor([value])).sum().backward()
        assert float(quantizer.alpha.grad) == pytest.approx(gradient, abs=1e-6)


def test_saved_model_accepts_a_network_of_sat(model, images) -> None:
    network = trainable_network(model, (2, 2), "SAT", calibrated_scales(model, 2, images)).eval()
    saved = saved_model(network, "SAT", "noise", (2, 2))
    for name, layer in quantized_layers(network).items():
        weight = layer.weight_quantizer(layer.layer.weight).detach()
        torch.testing.assert_close(
            saved.layers[name].weight_int * saved.layers[name].weight_scale, weight
        )
