"""The sign of each kernel in which it lies nearer to the grid of signed codes.

Signed codes reach further down than up: at 2 bits -2, -1, 0 and 1. Which way round a kernel stands
on them is free, because the batch normalization behind it takes the sign back: gamma and the
running mean change theirs too, and the network computes what it did. Of the two signs the one of
less squared error is taken, at the scale of least squared error of the whole tensor; scale and
signs follow each other a few times.

It can fail with a `ValueError` as `baselines.methods.ranges` does.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.batch_norm_folding import normalizations
from baselines.methods.ranges import weight_scale
from baselines.quantizers.base import signed_codes

ROUNDS = 4


@torch.no_grad()
def oriented(model: nn.Module, bits: int) -> nn.Module:
    """A copy of the float `model` for weights of `bits`; it computes the same."""
    network = copy.deepcopy(model)
    for convolution, normalization in normalizations(model).items():
        layer: Any = network.get_submodule(convolution)
        norm: Any = network.get_submodule(normalization)
        signs = kernel_signs(layer.weight, bits)
        layer.weight *= signs.reshape(-1, 1, 1, 1)
        norm.weight *= signs
        norm.running_mean *= signs
    return network


def kernel_signs(weight: Tensor, bits: int) -> Tensor:
    """1 or -1 for each kernel of `weight` (out, in, height, width), as a tensor (out,)."""
    signs = torch.ones(len(weight), dtype=weight.dtype, device=weight.device)
    for _ in range(ROUNDS):
        turned = weight * signs.reshape(-1, 1, 1, 1)
        scale = weight_scale(turned, bits, "heuristic")
        worse = _errors(-turned, scale, bits) < _errors(turned, scale, bits)
        signs = torch.where(worse, -signs, signs)
    return signs


def _errors(weight: Tensor, scale: float, bits: int) -> Tensor:
    """The sum of squared errors of each kernel, (out,)."""
    codes = (weight / scale).round().clamp(*signed_codes(bits))
    return (codes * scale - weight).square().flatten(1).sum(1)
