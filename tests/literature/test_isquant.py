"""ISQuant: integer convolutions that equal fake quantization to the last bit."""

import pytest
import torch
from torch import nn

from baselines.methods.isquant import (
    IntegerLayer,
    double_network,
    integer_network,
    isquant,
    least_error_grid,
)
from baselines.quantized_network import quantized_layers
from baselines.quantizers.affine import Affine, short_scale
from quantlab.data.images import normalize


@pytest.mark.parametrize("bits", [8, 6, 3])
def test_integer_network_equals_fake_quantization_bit_by_bit(
    model: nn.Module, images: torch.Tensor, bits: int
) -> None:
    network = isquant(model, (bits, bits))
    x = normalize(images[:4]).double()
    integer = integer_network(network).double()
    assert sum(isinstance(module, IntegerLayer) for module in integer.modules()) == 20
    assert not quantized_layers(integer)
    assert torch.equal(integer(x), double_network(network)(x))


def test_integer_network_calls_no_float_convolution(
    model: nn.Module, images: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the codes are convolved with is `integer_conv2d`: without it there is only the bias."""
    integer = integer_network(isquant(model, (8, 8)))

    def nothing(codes: torch.Tensor, weight: torch.Tensor, stride, *_) -> torch.Tensor:
        size = codes.shape[2] // stride[0]
        return torch.zeros(len(codes), len(weight), size, size, dtype=torch.int32)

    monkeypatch.setattr("baselines.methods.isquant.integer_conv2d", nothing)
    logits = integer(normalize(images[:2]))
    assert torch.equal(logits[0], logits[1])


def test_isquant_is_symmetric_per_tensor_folded_with_integer_biases(model: nn.Module) -> None:
    network = isquant(model, (8, 8))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    for layer in quantized_layers(network).values():
        for grid in (layer.weight_quantizer, layer.input_quantizer):
            assert isinstance(grid, Affine)
            assert grid.scale.numel() == 1
            assert float(grid.zero_point) == 0
        steps = layer.layer.bias / (layer.weight_quantizer.scale * layer.input_quantizer.scale)
        assert float((steps - steps.round()).abs().max()) < 1e-2


def test_short_scale_has_12_bits_and_is_close() -> None:
    for scale in (1.0, 0.1, 3.7e-4, 123.456):
        short = float(short_scale(scale))
        assert short == pytest.approx(scale, rel=2.0**-13)
        mantissa, _ = torch.frexp(torch.tensor(short, dtype=torch.float64))
        assert float(mantissa * 2**12) == int(mantissa * 2**12)


def test_least_error_grid_is_close_to_a_dense_search() -> None:
    weight = torch.randn(5000, generator=torch.Generator().manual_seed(0)) ** 3
    grid = least_error_grid(weight, 4)

    def error(scale: float) -> float:
        return float(((weight / scale).round().clamp(-8, 7) * scale - weight).square().sum())

    best = min(error(float(weight.abs().max()) / 7 * k / 200) for k in range(2, 201))
    assert error(float(grid.scale)) <= 1.02 * best
    assert float(least_error_grid(torch.zeros(4), 4).scale) == 1
