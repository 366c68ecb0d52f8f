"""Training mode (fake quantization) and evaluation mode (integers) compute the same thing."""

from typing import Any

import pytest
import torch
from torch import nn

from quantlab.network.layers import QuantConv2d, QuantLinear
from quantlab.network.quantization import quantize_model

WIDTHS = [(8, 8), (4, 4), (8, 2), (2, 8), (2, 2)]


def layer_inputs(layer: QuantConv2d | QuantLinear) -> torch.Tensor:
    """Inputs of both signs and beyond the range, none of them on a tie."""
    generator = torch.Generator().manual_seed(2)
    codes = torch.randint(-2, 300, (5, 8, 9, 9), generator=generator) % (
        2 * layer.quantizer.largest_input + 3
    )
    offsets = torch.rand(codes.shape, generator=generator) * 0.8 - 0.4
    x = (codes - 1 + offsets) * layer.input_scale
    return x if isinstance(layer, QuantConv2d) else x[:, :, 0, 0]


@pytest.mark.parametrize("method", ["sym", "SAWB", "heuristic"])
@pytest.mark.parametrize(("weight_bits", "act_bits"), WIDTHS)
@pytest.mark.parametrize("name", ["conv2", "fc"])
def test_quantized_layer_fake_output_rounds_to_the_accumulator(
    name: str, weight_bits: int, act_bits: int, method: str, model: nn.Module, images: Any, ops: Any
) -> None:
    quantized = quantize_model(model, ops, weight_bits, act_bits, method, images)
    layer: Any = quantized.get_submodule(name)
    x = layer_inputs(layer)
    unit = layer.accumulator_scale()
    with torch.no_grad():
        exact = layer.eval()(x)
        fake = layer.train()(x)
    assert torch.equal((fake / unit).round(), (exact / unit).round())
    assert torch.allclose(fake, exact, rtol=1e-4, atol=float(unit) / 4)


def test_quantized_layer_outputs_are_multiples_of_both_scales(
    model: nn.Module, images: Any, ops: Any
) -> None:
    layer: Any = quantize_model(model, ops, 4, 4, "sym", images).get_submodule("conv2")
    with torch.no_grad():
        units = layer(layer_inputs(layer)).double() / layer.accumulator_scale().double()
    assert torch.allclose(units, units.round(), atol=1e-3)
    assert units.abs().max() > 10


def test_quantize_model_computes_the_same_in_both_modes(
    model: nn.Module, images: Any, ops: Any
) -> None:
    quantized = quantize_model(model, ops, 4, 8, "SAWB", images)
    x = images.float() / 64 - 2
    with torch.no_grad():
        integer = quantized(x)
        for name in ("conv2", "fc"):
            quantized.get_submodule(name).train()
        fake = quantized(x)
    assert torch.allclose(fake, integer, atol=0.02 * float(integer.std()))


def test_quantized_layer_stores_the_last_weight_scale_on_eval(
    model: nn.Module, images: Any, ops: Any
) -> None:
    quantized = quantize_model(model, ops, 4, 4, "sym", images)
    layer: Any = quantized.get_submodule("conv2")
    before = layer.weight_scale.clone()
    quantized.train()
    with torch.no_grad():
        layer.weight.mul_(2)
    quantized.eval()
    assert torch.equal(layer.weight_scale, 2 * before)


def test_quantized_layer_updates_only_the_weight_scale_in_training(
    model: nn.Module, images: Any, ops: Any
) -> None:
    layer: Any = quantize_model(model, ops, 4, 4, "sym", images).get_submodule("conv2").train()
    weight_scale, input_scale = layer.weight_scale.clone(), layer.input_scale.clone()
    with torch.no_grad():
        layer.weight.mul_(2)
        layer(100 * layer_inputs(layer))
    assert torch.equal(layer.weight_scale, 2 * weight_scale)
    assert torch.equal(layer.input_scale, input_scale)


def test_quantized_layer_uses_the_stored_scales_in_evaluation(
    model: nn.Module, images: Any, ops: Any
) -> None:
    quantized = quantize_model(model, ops, 8, 8, "sym", images)
    layer: Any = quantized.get_submodule("fc")
    x = layer_inputs(layer)
    first = layer(x)
    layer.input_scale.mul_(2)
    assert not torch.allclose(first, layer(x))


def test_quantize_model_keeps_16_bit_activations_near_the_float_network(
    model: nn.Module, images: Any, ops: Any
) -> None:
    x = images.float() / 64 - 2
    quantized = quantize_model(model, ops, 8, 16, "sym", images)
    with torch.no_grad():
        expected = model(x)
        assert float((quantized(x) - expected).abs().max()) < 0.05 * float(expected.std())
    layer: Any = quantized.get_submodule("conv2")
    grid = layer.fake_input(layer_inputs(layer)) / layer.input_scale
    assert torch.allclose(grid, grid.round(), atol=0.01)
    assert grid.max() == 65535
