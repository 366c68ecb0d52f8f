"""Activations imagined from batch normalization alone: no image, no pixel, no gradient.

A normalized channel has mean beta and standard deviation |gamma| on the training images. In
`imagined_network` every batch normalization returns just that: over the images of a batch, the
quantiles of a distribution with these two moments in an order of its own for each channel, the same
at every position, so that a mean over positions keeps the spread that a feature has between images.
Everything else is the network's own forward pass, with its functional ReLUs, sums and shortcuts:
what reaches a layer is what this layer would see of data with these statistics. Ranges, means and
histograms come from it as from real images.

The distribution is normal where a mean is wanted (Nagel et al. 2019, section 4.2.1) and Laplace's
where a range is: activations have tails, and the range of least error at 8 bits is twice that of
the normal distribution, as Laplace's is. DFQ takes beta + 6 gamma instead, and SQuant's released
code a multiple of the deviation on uniform noise.
"""

import copy
import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.batch_norm_folding import normalizations

IMAGES, SIDE = 1024, 8  # quantiles per channel, and pixels: every stage keeps at least one
SMALLEST = 1e-6  # probability: quantiles are finite

Quantiles = Callable[[Tensor], Tensor]  # probabilities to quantiles; mean 0, deviation 1


def normal(probability: Tensor) -> Tensor:
    """Quantiles of N(0, 1)."""
    return torch.special.ndtri(probability)


def laplace(probability: Tensor) -> Tensor:
    """Quantiles of Laplace's distribution of mean 0 and standard deviation 1."""
    centred = probability - 0.5
    return -centred.sign() * torch.log1p(-2 * centred.abs()) / 2**0.5


class Imagined(nn.Module):
    """Returns quantiles with mean `bias` and deviation |`weight`|, whatever it is given.

    One image in each of N equal shares of the probability, anywhere in it: every batch is as long
    as it is, and several batches reach farther into the tails than one.
    """

    def __init__(self, norm: nn.BatchNorm2d, seed: int, quantiles: Quantiles) -> None:
        super().__init__()
        self.norm, self.quantiles = norm, quantiles
        self.seeds = itertools.count(seed * 1_000)

    def forward(self, x: Tensor) -> Tensor:
        """float (N, C, H, W) to the same shape."""
        count, channels = x.shape[:2]
        generator = torch.Generator().manual_seed(next(self.seeds))
        order = torch.rand(count, channels, generator=generator).argsort(0)
        within = torch.rand(count, channels, generator=generator, dtype=torch.float64)
        share = (order + within.clamp(SMALLEST, 1 - SMALLEST)) / count
        standard = self.quantiles(share).to(x)
        values = self.norm.bias + self.norm.weight.abs() * standard
        return values[:, :, None, None].expand_as(x).contiguous()


class ShapeOnly(nn.Module):
    """In the place of a convolution whose output is ignored: zeros of the shape that it has."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self._shape_of = copy.deepcopy(conv).to("meta").forward  # no part of the network

    def forward(self, x: Tensor) -> Tensor:
        shape = self._shape_of(torch.empty(x.shape, device="meta")).shape
        return x.new_zeros(()).expand(shape)


def imagined_network(model: nn.Module, quantiles: Quantiles) -> nn.Module:
    """A copy of the float `model` that ignores its images; give it `blank_images`."""
    network = copy.deepcopy(model).eval()
    for seed, (convolution, normalization) in enumerate(normalizations(model).items()):
        conv: Any = network.get_submodule(convolution)
        norm: Any = network.get_submodule(normalization)
        _replace(network, convolution, ShapeOnly(conv))
        _replace(network, normalization, Imagined(norm, seed, quantiles))
    return network


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, module)


def blank_images() -> Tensor:
    """uint8 (1024, 3, 8, 8), for their number and shape."""
    return torch.zeros(IMAGES, 3, SIDE, SIDE, dtype=torch.uint8)


@torch.no_grad()
def mean_inputs(network: nn.Module, names: list[str], images: Tensor) -> dict[str, Tensor]:
    """The mean of each input channel of the layers `names`, float32 (C,), on normalized images."""
    found: dict[str, Tensor] = {}

    def keep(name: str, input: Tensor) -> None:
        found[name] = input.transpose(0, 1).flatten(1).mean(1)

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
    return found
