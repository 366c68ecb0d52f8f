"""Data-free quantization (DFQ; Nagel et al., ICCV 2019): a network fit for one scale per tensor.

    equalization    between two layers with a ReLU in between, s_i = sqrt(r1_i r2_i) / r1_i per
                    channel: row i of the first times s_i, column i of the second by s_i; then both
                    have the ranges sqrt(r1_i r2_i) (section 4.1)
    absorption      c = max(0, beta - 3 gamma), nearly always positive, moves through the ReLU into
                    the next layer's bias, which narrows the range of activations
    correction      b -= sum of (w^ - w) E[x], which rounding adds to the mean of each output, with
                    E[x] from batch norm (section 4.2)

The first two keep what the network computes, up to absorption at 3 sigma and at the border, where
the image is surrounded by zeros and not by c. They change batch norm before it is folded, so that
`baselines.methods.bn_statistics` sees them. Residual sums have to keep their channels, so that
pairs are the two layers inside a block. Pairs are independent: one step is the fixed point that the
released code iterates towards.

The released code uses beta + 6 gamma as the range of an activation, which has no meaning behind a
residual sum; here ranges are from batch norm statistics. Weights are symmetric, z = 0; the paper's
are asymmetric.
"""

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.batch_norm_folding import convolution_norms, fold_batch_norm
from baselines.methods.bn_statistics import blank_images, mean_inputs, normal, statistics_network
from baselines.methods.grid_network import (
    data_free_input_grids,
    grid_network,
    inner_layers,
    pixel_grid,
    round_to_nearest,
)
from baselines.methods.scales import weight_scale
from baselines.quantized_network import QuantizedLayer, quantized_layers
from baselines.quantizers.affine import Affine, short_scale
from baselines.quantizers.base import signed_codes
from quantlab.data.images import normalize
from quantlab.network.quantization import quantizable_layers
from quantlab.network.resnet import BasicBlock

SMALLEST_RANGE = 1e-8  # of a channel that is not dead
SIGMAS = 3  # below the mean: what is absorbed is nearly always there


def dfq(model: nn.Module, bits: tuple[int, int]) -> nn.Module:
    """Return the float ResNet `model` equalized, folded and quantized, with corrected biases."""
    weight_bits, act_bits = bits
    equal = equalize(model)

    def grids(weight: Tensor) -> Affine:
        return Affine(
            *signed_codes(weight_bits), short_scale(weight_scale(weight, weight_bits, "sym"))
        )

    inputs = data_free_input_grids(equal, dict.fromkeys(inner_layers(equal), act_bits))
    inputs[quantizable_layers(model)[0]] = pixel_grid()
    exact = fold_batch_norm(equal)
    network = grid_network(exact, grids, round_to_nearest, inputs)
    imagined = statistics_network(equal, normal)
    means = mean_inputs(imagined, inner_layers(equal), normalize(blank_images()))
    for name, module in quantized_layers(network).items():
        if name in means:  # the mean of a normalized image is 0
            subtract_rounding_shift(module, exact.get_submodule(name).weight, means[name])  # type: ignore[arg-type]
    return network


@torch.no_grad()
def equalize(model: nn.Module) -> nn.Module:
    """Return a copy of the float `model` with equal ranges within each block."""
    network = copy.deepcopy(model).eval()
    norm_of = convolution_norms(model)
    for first, second in block_pairs(network):
        norm: Any = network.get_submodule(norm_of[first])
        after: Any = network.get_submodule(norm_of[second])
        first_layer: Any = network.get_submodule(first)
        second_layer: Any = network.get_submodule(second)
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        rows = (first_layer.weight * gain.reshape(-1, 1, 1, 1)).abs().flatten(1).amax(1)
        after_gain = after.weight / torch.sqrt(after.running_var + after.eps)
        columns = (second_layer.weight * after_gain.reshape(-1, 1, 1, 1)).abs().amax((0, 2, 3))
        scale = equalization_scales(rows, columns)
        norm.weight *= scale
        norm.bias *= scale
        second_layer.weight /= scale.reshape(1, -1, 1, 1)
        absorbed = (norm.bias - SIGMAS * norm.weight.abs()).clamp(min=0)
        norm.bias -= absorbed
        after.running_mean -= second_layer.weight.sum((2, 3)) @ absorbed
    return network


def equalization_scales(rows: Tensor, columns: Tensor) -> Tensor:
    """Return s (C,) = sqrt(r1 r2) / r1 of two ranges; 1 for a dead channel."""
    alive = (rows > SMALLEST_RANGE) & (columns > SMALLEST_RANGE)
    return torch.where(alive, (rows * columns).sqrt() / rows, torch.ones_like(rows))


def block_pairs(model: nn.Module) -> Iterator[tuple[str, str]]:
    """Yield the names of the two convolutions of every residual block."""
    for name, module in model.named_modules():
        if isinstance(module, BasicBlock):
            yield f"{name}.conv1", f"{name}.conv2"


@torch.no_grad()
def subtract_rounding_shift(module: QuantizedLayer, weight: Tensor, mean: Tensor) -> None:
    """Subtract (w^ - w) E[x] from the bias of a quantized layer.

    `weight` is the float one (out, in, ...), `mean` (in,) that of the inputs.
    """
    error = (
        (module.layer.weight - weight).flatten(2).sum(2)
        if weight.ndim > 2
        else (module.layer.weight - weight)
    )
    assert module.layer.bias is not None
    module.layer.bias -= error @ mean
