"""What training sees: straight-through inside the range, nothing beyond it."""

from typing import Any

import pytest
import torch
from torch import nn

from quantlab.network.quantization import quantize_model


@pytest.fixture
def layer(model: nn.Module, images: Any, ops: Any) -> Any:
    return quantize_model(model, ops, 4, 2, "sym", images).get_submodule("fc").train()


def test_quantized_layer_passes_no_gradient_to_inputs_beyond_the_range(layer: Any) -> None:
    """Although the student's straight-through estimator passes every gradient (Yin et al. 2019)."""
    top = 3 * layer.input_scale.item()
    x = torch.tensor([-0.1, 0.2, 0.6, 0.99, 1.0, 1.01, 5.0, 1000.0]) * top
    x = x.reshape(1, 8).requires_grad_()
    layer.fake_input(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 1, 1, 1, 1, 0, 0, 0]]


def test_quantized_layer_has_the_float_gradients_on_quantized_inputs(
    layer: Any,
) -> None:
    x = torch.rand(5, 8, generator=torch.Generator().manual_seed(0)) * 3 * layer.input_scale
    cotangent = torch.randn(5, 10, generator=torch.Generator().manual_seed(1))
    layer(x).backward(cotangent)
    assert torch.allclose(layer.weight.grad, cotangent.T @ layer.fake_input(x), atol=1e-5)
    assert torch.allclose(layer.bias.grad, cotangent.sum(0), atol=1e-5)


def test_quantized_layer_gives_a_learned_input_scale_the_pact_gradient(layer: Any) -> None:
    layer.input_scale = nn.Parameter(layer.input_scale.clone())
    top = 3 * layer.input_scale.item()
    layer.fake_input(torch.tensor([0.1, 0.5, 2.0, 3.0]) * top).sum().backward()
    assert layer.input_scale.grad.item() == 2 * 3  # two clipped inputs, d(3 s)/ds


def test_quantize_model_allows_two_forward_passes_before_backward(
    model: nn.Module, images: Any, ops: Any
) -> None:
    quantized = quantize_model(model, ops, 4, 4, "SAWB", images).train()
    x = images.float() / 64 - 2
    (quantized(x).square().mean() + quantized(x.flip(0)).square().mean()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in quantized.parameters())


def test_quantized_layer_computes_the_same_when_compiled(
    model: nn.Module, images: Any, ops: Any
) -> None:
    quantized = quantize_model(model, ops, 4, 4, "sym", images).train()
    layer: Any = quantized.get_submodule("conv2")
    x = torch.rand(2, 8, 9, 9) * layer.input_scale
    expected = layer(x)
    torch._dynamo.reset()
    compiled = torch.compile(layer, backend="aot_eager")
    assert torch.allclose(compiled(x), expected, atol=1e-5)
