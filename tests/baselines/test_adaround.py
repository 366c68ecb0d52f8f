"""Learned rounding: it starts at the float weights, and ends on the codes next to them."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from baselines.methods.adaround import AdaRound, adaround, rounding_penalty
from baselines.methods.reconstruction import ReconstructionSchedule
from baselines.quantized_network import quantized_layers
from baselines.quantizers.base import signed_codes
from quantlab.data.images import normalize


def drawn(seed: int, spread: float) -> torch.Tensor:
    return torch.randn(5, 7, generator=torch.Generator().manual_seed(seed)) * spread


@given(
    bits=st.sampled_from([2, 3, 4, 8]),
    seed=st.integers(0, 1000),
    spread=st.sampled_from([0.05, 1.0, 3.0]),
)
def test_adaround_starts_at_float_weights_clipped_to_the_range(
    bits: int, seed: int, spread: float
) -> None:
    weight, scale, (low, high) = drawn(seed, spread), 0.25, signed_codes(bits)
    quantizer = AdaRound(weight, scale, low, high).train()
    clipped = weight.clamp(low * scale, high * scale)
    torch.testing.assert_close(quantizer(weight), clipped, atol=1e-5, rtol=1e-5)
    fraction = clipped / scale - quantizer.floor
    torch.testing.assert_close(quantizer.up(), fraction, atol=1e-5, rtol=1e-4)


@given(
    bits=st.sampled_from([2, 3, 4, 8]),
    seed=st.integers(0, 1000),
    push=st.sampled_from([0.0, 1.0, 50.0]),
)
def test_adaround_codes_are_neighbors_of_the_weight_in_the_range(
    bits: int, seed: int, push: float
) -> None:
    weight, scale, (low, high) = drawn(seed, 1.0), 0.25, signed_codes(bits)
    quantizer = AdaRound(weight, scale, low, high)
    with torch.no_grad():
        quantizer.rounding += push * drawn(seed + 1, 1.0)
    codes = quantizer.codes(weight)
    assert int(codes.min()) >= low
    assert int(codes.max()) <= high
    ratio = (weight / scale).clamp(low, high)
    assert ((codes - ratio).abs() <= 1).all()
    assert torch.equal(quantizer.eval()(weight), codes * quantizer.scale)


def test_adaround_rounds_to_nearest_without_training() -> None:
    weight = drawn(3, 1.0)
    quantizer = AdaRound(weight, 0.25, -8, 7)
    nearest = (weight / 0.25).round().clamp(-8, 7).to(torch.int16)
    assert torch.equal(quantizer.codes(weight), nearest)


def test_rounding_penalty_starts_after_warm_up_and_ends_at_zero() -> None:
    quantizer = AdaRound(drawn(0, 1.0), 0.25, -8, 7)
    assert rounding_penalty([quantizer], 0.19) == 0
    early, late = (
        torch.as_tensor(rounding_penalty([quantizer], elapsed)).item() for elapsed in (0.3, 0.99)
    )
    assert early > late > 0.1  # beta falls: the plateau in the middle becomes a parabola
    with torch.no_grad():
        quantizer.rounding.copy_(quantizer.rounding.sign() * 9)
    assert torch.as_tensor(rounding_penalty([quantizer], 0.99)).item() == 0


def test_rounding_penalty_pushes_to_the_nearer_code() -> None:
    weight = torch.tensor([0.05, 0.2])  # h = 0.2 and 0.8
    quantizer = AdaRound(weight, 0.25, -8, 7)
    value = rounding_penalty([quantizer], 0.9)
    assert isinstance(value, torch.Tensor)
    value.backward()
    assert quantizer.rounding.grad is not None
    assert quantizer.rounding.grad[0] > 0 > quantizer.rounding.grad[1]


def test_adaround_learns_a_smaller_error_than_nearest_rounding(
    model: nn.Module, images: torch.Tensor
) -> None:
    errors, wanted = [], model(normalize(images)).detach()
    for steps in (0, 60):
        network = adaround(model, (3, 8), images, ReconstructionSchedule(steps, views=1, batch=8))
        errors.append(float((network(normalize(images)) - wanted).detach().square().mean()))
    assert errors[1] < errors[0] * 0.7


def test_adaround_is_on_its_grid_and_repeatable_per_seed(
    model: nn.Module, images: torch.Tensor
) -> None:
    images = images[:8]
    networks = [
        adaround(model, (2, 4), images, ReconstructionSchedule(3, views=1, batch=4), s)
        for s in (0, 0, 1)
    ]
    for layer in quantized_layers(networks[0]).values():
        codes = layer.weight_quantizer.codes(layer.layer.weight)
        assert torch.equal(codes * layer.weight_quantizer.scale, layer.layer.weight)
        assert set(codes.unique().tolist()) <= {-2, -1, 0, 1}
    outputs = [network(normalize(images)) for network in networks]
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])
