"""Activations imagined from batch normalization alone: no image, no pixel, no gradient.

A normalized channel has mean beta and standard deviation |gamma| on the training images, and is
taken to be normal (Nagel et al. 2019, section 4.2.1). In `imagined_network` every batch
normalization returns just that: over the images of a batch, the quantiles of N(beta, gamma^2) in an
order of its own for each channel, the same at every position, so that a mean over positions keeps
the spread that a feature has between images. Everything else is the network's own forward pass,
with its functional ReLUs, sums and shortcuts; what reaches a layer is what this layer would see of
data with these statistics. Ranges, means and histograms come from it as from real images.

SQuant's released code takes its ranges from uniform noise instead, and DFQ beta + 6 gamma.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

IMAGES, SIDE = 256, 8  # quantiles per channel, and pixels: every stage keeps at least one


class Imagined(nn.Module):
    """Returns the quantiles of N(bias, weight^2) for each channel, whatever it is given."""

    def __init__(self, norm: nn.BatchNorm2d, seed: int) -> None:
        super().__init__()
        self.norm, self.seed = norm, seed

    def forward(self, x: Tensor) -> Tensor:
        """float (N, C, H, W) to the same shape."""
        count, channels = x.shape[:2]
        generator = torch.Generator().manual_seed(self.seed)
        order = torch.rand(count, channels, generator=generator).argsort(0)
        normal = torch.special.ndtri((order.double() + 0.5) / count).to(x)
        values = self.norm.bias + self.norm.weight.abs() * normal
        return values[:, :, None, None].expand_as(x).contiguous()


def imagined_network(model: nn.Module) -> nn.Module:
    """A copy of the float `model` that ignores its images; give it `blank_images`."""
    network = copy.deepcopy(model).eval()
    norms = [n for n, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)]
    for seed, name in enumerate(norms):
        parent, _, child = name.rpartition(".")
        norm: Any = network.get_submodule(name)
        setattr(network.get_submodule(parent), child, Imagined(norm, seed))
    return network


def blank_images() -> Tensor:
    """uint8 (256, 3, 8, 8), for their number and shape."""
    return torch.zeros(IMAGES, 3, SIDE, SIDE, dtype=torch.uint8)
