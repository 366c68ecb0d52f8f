"""The shared parts of layer-wise and block-wise reconstruction.

A part of the network is trained to return what the float network returns there, on at most a
thousand images without labels. Its inputs come from the part before, already quantized, so that
each part compensates for the parts before it. Inputs and targets are computed once and kept: a step
costs no more than the part itself. Other views of the same images are more points on which to
agree. They are drawn once: crops, flips, and rectangles of one image in another (CutMix, Yun et al.
2019), on which the float network is less certain and says more about what it sees.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm import tqdm

from baselines.quantized_network import quantized_layers
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from quantlab.data.images import normalize
from quantlab.training.augmentation import crop_and_flip

Rates = list[tuple[list[Tensor], float]]  # groups of parameters, each with its rate

BATCH = 128  # images per forward pass where nothing is trained


@dataclass(frozen=True)
class ReconstructionSchedule:
    """`steps` of `batch` samples for each part, drawn from `views` of every image."""

    steps: int
    views: int
    batch: int = 32


def calibration_views(images: Tensor, views: int, generator: torch.Generator) -> Tensor:
    """Return float32 (views N, 3, H, W) from uint8 `images` (N, 3, H, W), normalized.

    The first view is the images themselves. Of the others, half are cropped and flipped, and half
    are mixed as well. The memory layout is the fastest for convolutions.
    """
    changed = [images]
    for view in range(1, views):
        crops = crop_and_flip(images, generator)
        changed.append(cut_and_mix(crops, generator) if 2 * view > views else crops)
    return normalize(torch.cat(changed)).contiguous(memory_format=torch.channels_last)


def cut_and_mix(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return `images` (N, 3, H, W), each with a rectangle of another at the same place.

    The sides of the rectangle are a quarter to three quarters of the image's.
    """
    count, _, height, width = images.shape
    size = 0.25 + 0.5 * torch.rand(2, count, 1, generator=generator)
    start = torch.rand(2, count, 1, generator=generator) * (1 - size)
    rows, columns = (
        (torch.arange(length) >= length * start[side])
        & (torch.arange(length) < length * (start[side] + size[side]))
        for side, length in enumerate((height, width))
    )
    others = images[torch.randperm(count, generator=generator)]
    return torch.where(rows[:, None, :, None] & columns[:, None, None, :], others, images)


@torch.no_grad()
def run_in_batches(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Return `function` of all `inputs` (N, ...), computed in batches without gradients."""
    return torch.cat([function(batch) for batch in inputs.split(BATCH)])


def minimize(
    loss: Callable[[Tensor, float], Tensor],
    rates: Rates,
    count: int,
    plan: ReconstructionSchedule,
    generator: torch.Generator,
    title: str,
) -> None:
    """Minimize `loss(index, elapsed)`, a scalar, by Adam with a cosine schedule.

    `index` int64 (batch,) picks from `count` samples, `elapsed` runs from 0 to 1. `rates` are
    groups of parameters with their initial learning rates; no other parameter has a gradient.
    `title` is the label of the progress bar.
    """
    trained = [parameter for group, _ in rates for parameter in group]
    optimizer = torch.optim.Adam([{"params": group, "lr": rate} for group, rate in rates])
    for step in tqdm(range(plan.steps), desc=title, leave=False):
        elapsed = step / plan.steps
        for group, (_, rate) in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * (1 + math.cos(math.pi * elapsed)) / 2
        index = torch.randint(count, (plan.batch,), generator=generator)
        optimizer.zero_grad()
        loss(index, elapsed).backward(inputs=trained)
        optimizer.step()


@torch.no_grad()
def freeze(network: nn.Module) -> None:
    """Replace every learned quantizer by its scale, and weights by the values of their codes."""
    for layer in quantized_layers(network).values():
        weights, inputs = layer.weight_quantizer, layer.input_quantizer
        scale = weights.scale.detach().clone()
        layer.layer.weight.copy_(weights.codes(layer.layer.weight) * scale)
        layer.weight_quantizer = ClippedStraightThrough(weights.low, weights.high, float(scale))
        layer.input_quantizer = ClippedStraightThrough(inputs.low, inputs.high, float(inputs.scale))
