"""Data-free quantization: equalization, absorption and correction by hand, and on the network."""

import copy

import pytest
import torch
from torch import nn

from baselines.methods.batch_norm_folding import fold_batch_norm
from baselines.methods.dfq import (
    block_pairs,
    dfq,
    equalization_scales,
    equalize,
    subtract_rounding_shift,
)
from baselines.quantized_network import QuantizedLayer, quantized_layers
from baselines.quantizers.affine import Affine, Unquantized
from quantlab.data.images import normalize


def test_equalization_scales_match_a_manual_calculation() -> None:
    # sqrt(8 * 2) / 8 = 1/2: both ranges become 4. A dead channel keeps its scale.
    scale = equalization_scales(torch.tensor([8.0, 0.0]), torch.tensor([2.0, 3.0]))
    assert scale.tolist() == [0.5, 1.0]


def test_equalize_makes_ranges_equal(model: nn.Module) -> None:
    network = fold_batch_norm(equalize(model))
    for first, second in block_pairs(network):
        rows = network.get_submodule(first).weight.abs().flatten(1).amax(1)
        columns = network.get_submodule(second).weight.abs().amax((0, 2, 3))
        torch.testing.assert_close(rows, columns, rtol=1e-4, atol=1e-6)


def test_equalize_preserves_the_output(model: nn.Module, images: torch.Tensor) -> None:
    x = normalize(images)
    torch.testing.assert_close(equalize(model)(x), model(x), rtol=1e-3, atol=1e-3)


def test_equalize_absorbs_always_positive_activations(
    model: nn.Module, images: torch.Tensor
) -> None:
    """One channel of mean 5 and deviation 1/2: 3.5 of it move into the next layer."""
    shifted = copy.deepcopy(model)
    block = shifted.layer1[0]
    with torch.no_grad():
        block.bn1.weight[0], block.bn1.bias[0] = 0.5, 5.0
    equal = equalize(shifted).layer1[0]
    gamma, beta = float(equal.bn1.weight[0]), float(equal.bn1.bias[0])
    assert beta == pytest.approx(3 * gamma, rel=1e-5)
    inside = torch.full((1, 16, 3, 3), 1.0)  # one position, with no border in its kernel
    inside[:, 0] = 6.0
    scale = gamma / 0.5
    moved = inside.clone()
    moved[:, 0] = 6.0 * scale - (5.0 * scale - 3 * gamma)
    for channel in range(1, 16):
        moved[:, channel] *= equal.bn1.weight[channel] / block.bn1.weight[channel]
    before = block.bn2(nn.functional.conv2d(inside, block.conv2.weight))
    after = equal.bn2(nn.functional.conv2d(moved, equal.conv2.weight))
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)


def test_subtract_rounding_shift_matches_a_manual_calculation() -> None:
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0]]))  # of floats 0.9 and 2.2
        layer.bias.fill_(1.0)
    module = QuantizedLayer(layer, Affine(-8, 7, torch.tensor(1.0)), Unquantized())
    subtract_rounding_shift(module, torch.tensor([[0.9, 2.2]]), torch.tensor([2.0, 3.0]))
    assert float(layer.bias) == pytest.approx(1 - (0.1 * 2 - 0.2 * 3))


def test_dfq_corrects_every_bias_but_that_of_conv1(model: nn.Module) -> None:
    network, exact = dfq(model, (4, 8)), fold_batch_norm(equalize(model))
    for name, module in quantized_layers(network).items():
        moved = module.layer.bias - exact.get_submodule(name).bias
        assert bool((moved != 0).any()) == (name != "conv1")
