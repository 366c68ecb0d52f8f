"""Kernels turned to their better sign: nearer to the grid, and the network computes the same."""

import torch
from torch import nn

from baselines.methods.kernel_signs import flip_kernels, kernel_signs
from baselines.methods.scales import weight_scale
from baselines.quantizers.base import signed_codes
from quantlab.data.images import normalize


def test_kernel_signs_flips_a_kernel_with_a_long_upper_tail() -> None:
    # At 2 bits the codes are -2..1: (2, -1, -1) loses its tail, (-2, 1, 1) does not.
    down = torch.tensor([-2.0, 1.0, 1.0]).reshape(1, 1, 1, 3).repeat(5, 1, 1, 1)
    weight = torch.cat([down, -down[:1]])
    assert kernel_signs(weight, 2).tolist() == [1, 1, 1, 1, 1, -1]


def test_flip_kernels_preserves_the_output(model: nn.Module, images: torch.Tensor) -> None:
    turned, x = flip_kernels(model, 2), normalize(images)
    assert any(bool((block.bn1.weight < 0).any()) for block in turned.layer3)
    torch.testing.assert_close(turned(x), model(x), rtol=1e-4, atol=1e-4)


def test_flip_kernels_reduces_the_error_at_2_bits(model: nn.Module) -> None:
    before, after = model.layer3[0].conv1.weight, flip_kernels(model, 2).layer3[0].conv1.weight
    assert error(after) < 0.98 * error(before)


def error(weight: torch.Tensor) -> float:
    scale = weight_scale(weight, 2, "heuristic")
    codes = (weight / scale).round().clamp(*signed_codes(2))
    return float((codes * scale - weight).square().sum())
