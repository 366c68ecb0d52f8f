"""Activations from batch norm statistics alone: no image, no pixel, no gradient.

A normalized channel has mean beta and standard deviation |gamma| on the training images. In
`statistics_network`, every batch norm returns exactly that: over the images of a batch, the
quantiles of a distribution with these two moments, in another order for each channel. A value is
the same at every position, so that a mean over positions keeps the spread between images. The rest
is the network's own forward pass with its ReLUs, sums and shortcuts. Ranges, means and histograms
of inputs are then measured as on real images.

The distribution is normal where a mean is needed (Nagel et al. 2019, section 4.2.1), and Laplace's
where a range is: activations have tails. The range of least error at 8 bits is twice that of the
normal distribution, as Laplace's is. DFQ uses beta + 6 gamma instead, and SQuant's released code a
multiple of the deviation on uniform noise.
"""

import copy
import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.batch_norm_folding import convolution_norms

IMAGES, SIDE = 1024, 8  # quantiles per channel, and pixels: every stage keeps at least one
SMALLEST = 1e-6  # probability: quantiles are finite

Quantiles = Callable[[Tensor], Tensor]  # probabilities to quantiles; mean 0, deviation 1


def normal(probability: Tensor) -> Tensor:
    """Return quantiles of N(0, 1)."""
    return torch.special.ndtri(probability)


def laplace(probability: Tensor) -> Tensor:
    """Return quantiles of Laplace's distribution of mean 0 and standard deviation 1."""
    centred = probability - 0.5
    return -centred.sign() * torch.log1p(-2 * centred.abs()) / 2**0.5


class StatisticsSampler(nn.Module):
    """Returns quantiles with mean `bias` and deviation |`weight`|, whatever its input is.

    Each image of a batch has a random quantile within one of N equal shares of the probability.
    Several batches reach farther into the tails than one.
    """

    def __init__(self, norm: nn.BatchNorm2d, seed: int, quantiles: Quantiles) -> None:
        """Keep the statistics of `norm`; `seed` decides the quantiles."""
        super().__init__()
        self.norm, self.quantiles = norm, quantiles
        self.seeds = itertools.count(seed * 1_000)

    def forward(self, x: Tensor) -> Tensor:
        """Return quantiles of the shape of `x`, float (N, C, H, W)."""
        count, channels = x.shape[:2]
        generator = torch.Generator().manual_seed(next(self.seeds))
        order = torch.rand(count, channels, generator=generator).argsort(0)
        within = torch.rand(count, channels, generator=generator, dtype=torch.float64)
        share = (order + within.clamp(SMALLEST, 1 - SMALLEST)) / count
        standard = self.quantiles(share).to(x)
        values = self.norm.bias + self.norm.weight.abs() * standard
        return values[:, :, None, None].expand_as(x).contiguous()


class ShapeOnly(nn.Module):
    """Returns zeros of the shape of a convolution's output."""

    def __init__(self, conv: nn.Conv2d) -> None:
        """Keep the shape of `conv`."""
        super().__init__()
        self._shape_of = copy.deepcopy(conv).to("meta").forward  # no part of the network

    def forward(self, x: Tensor) -> Tensor:
        """Return zeros of the output's shape."""
        shape = self._shape_of(torch.empty(x.shape, device="meta")).shape
        return x.new_zeros(()).expand(shape)


def statistics_network(model: nn.Module, quantiles: Quantiles) -> nn.Module:
    """Return a copy of the float `model` that ignores its images; call it on `blank_images`."""
    network = copy.deepcopy(model).eval()
    for seed, (convolution, normalization) in enumerate(convolution_norms(model).items()):
        conv: Any = network.get_submodule(convolution)
        norm: Any = network.get_submodule(normalization)
        _replace(network, convolution, ShapeOnly(conv))
        _replace(network, normalization, StatisticsSampler(norm, seed, quantiles))
    return network


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, module)


def blank_images() -> Tensor:
    """Return uint8 (1024, 3, 8, 8): only number and shape matter."""
    return torch.zeros(IMAGES, 3, SIDE, SIDE, dtype=torch.uint8)


@torch.no_grad()
def mean_inputs(network: nn.Module, names: list[str], images: Tensor) -> dict[str, Tensor]:
    """Return {layer: mean of each of its input channels, float32 (C,)} on normalized images."""
    means: dict[str, Tensor] = {}

    def keep(name: str, input: Tensor) -> None:
        means[name] = input.transpose(0, 1).flatten(1).mean(1)

    hooks = [
        network.get_submodule(name).register_forward_pre_hook(
            lambda _, args, name=name: keep(name, args[0])
        )
        for name in names
    ]
    try:
        network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return means
