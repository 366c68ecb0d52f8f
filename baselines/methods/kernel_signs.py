"""The sign of each kernel in which it is closer to the grid of signed codes.

Signed codes reach further down than up: at 2 bits -2, -1, 0 and 1. The sign of a kernel is free,
because the following batch norm can undo it: gamma and the running mean change sign, too, and the
network computes the same. Of the two signs, the one of smaller squared error is chosen, at the
scale of least squared error of the whole tensor. Scale and signs are updated in turn a few times.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.batch_norm_folding import convolution_norms
from baselines.methods.scales import weight_scale
from baselines.quantizers.base import signed_codes

ROUNDS = 4


@torch.no_grad()
def flip_kernels(model: nn.Module, bits: int) -> nn.Module:
    """Return a copy of the float `model` with kernel signs for `bits`; it computes the same."""
    network = copy.deepcopy(model)
    for convolution, normalization in convolution_norms(model).items():
        layer: Any = network.get_submodule(convolution)
        norm: Any = network.get_submodule(normalization)
        signs = kernel_signs(layer.weight, bits)
        layer.weight *= signs.reshape(-1, 1, 1, 1)
        norm.weight *= signs
        norm.running_mean *= signs
    return network


def kernel_signs(weight: Tensor, bits: int) -> Tensor:
    """Return 1 or -1 for each kernel of `weight` (out, in, height, width), as (out,)."""
    signs = torch.ones(len(weight), dtype=weight.dtype, device=weight.device)
    for _ in range(ROUNDS):
        turned = weight * signs.reshape(-1, 1, 1, 1)
        scale = weight_scale(turned, bits, "heuristic")
        worse = _errors(-turned, scale, bits) < _errors(turned, scale, bits)
        signs = torch.where(worse, -signs, signs)
    return signs


def _errors(weight: Tensor, scale: float, bits: int) -> Tensor:
    """Return the sum of squared errors of each kernel, (out,)."""
    codes = (weight / scale).round().clamp(*signed_codes(bits))
    return (codes * scale - weight).square().flatten(1).sum(1)
