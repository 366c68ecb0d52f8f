"""What layer-wise and block-wise reconstruction share.

A part of the network is trained to give what the float network gives there, on at most a thousand
images without labels. Its inputs come from the part before, which is quantized already, so that
each part makes up for what those before it lost. Inputs and targets are computed once and kept: a
step costs no more than the part itself. Other views of the same images are more points on which to
agree, drawn once: crops, flips, and rectangles of one image in another (CutMix, Yun et al. 2019),
on which the float network is less sure and says more about what it sees.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm import tqdm

from baselines.network import quantized_layers
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from quantlab.data.images import normalize
from quantlab.training.augmentation import crop_and_flip

Rates = list[tuple[list[Tensor], float]]  # groups of parameters, each with its rate

BATCH = 128  # images per forward pass where nothing is trained


@dataclass(frozen=True)
class Plan:
    """How each part is trained: `steps` of `batch` samples, drawn from `views` of every image."""

    steps: int
    views: int
    batch: int = 32


def calibration_views(images: Tensor, views: int, generator: torch.Generator) -> Tensor:
    """float32 (views N, 3, H, W) from uint8 `images` (N, 3, H, W), as networks take them.

    First the images as they are; of the others, half are cropped and flipped and half are mixed
    besides. In the memory layout in which convolutions are fastest.
    """
    changed = [images]
    for view in range(1, views):
        crops = crop_and_flip(images, generator)
        changed.append(cut_and_mix(crops, generator) if 2 * view > views else crops)
    return normalize(torch.cat(changed)).contiguous(memory_format=torch.channels_last)


def cut_and_mix(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each of `images` (N, 3, H, W) with a rectangle of another in it, at the same place.

    Its sides are a quarter to three quarters of the image's.
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
def batched(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """`function` of all `inputs` (N, ...), some at a time and without gradients."""
    return torch.cat([function(batch) for batch in inputs.split(BATCH)])


def minimize(
    loss: Callable[[Tensor, float], Tensor],
    rates: Rates,
    count: int,
    plan: Plan,
    generator: torch.Generator,
    title: str,
) -> None:
    """Adam with a cosine schedule on `loss(index, elapsed)`, a scalar.

    `index` int64 (batch,) picks from `count` samples, `elapsed` runs from 0 to 1; `rates` are
    groups of parameters with the learning rates that they start from. No other parameter gets a
    gradient. `title` stands before the progress bar.
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
    """Leave of every learned quantizer its scale, and of the weights what their codes stand for."""
    for layer in quantized_layers(network).values():
        weights, inputs = layer.weight_quantizer, layer.input_quantizer
        scale = weights.scale.detach().clone()
        layer.layer.weight.copy_(weights.codes(layer.layer.weight) * scale)
        layer.weight_quantizer = ClippedStraightThrough(weights.low, weights.high, float(scale))
        layer.input_quantizer = ClippedStraightThrough(inputs.low, inputs.high, float(inputs.scale))
