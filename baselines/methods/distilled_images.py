"""Images from a network's own statistics: ZeroQ's distilled data (Cai et al., CVPR 2020).

Every batch norm keeps mean and deviation of its inputs on the training images. Gradient descent
changes noise until the inputs of each batch norm have the same,

    min over x   sum over batch norms  || mean(x) - mu ||^2 + || std(x) - sigma ||^2

plus the same for the pixels, which have mean 0 and deviation 1. Statistics are read at the input of
each batch norm, whatever the order of the modules is; released code pairs the i-th convolution with
the i-th batch norm. The sums are over the whole batch, as in equation (3); released code matches
the mean over positions of each image by itself, which removes the differences between images.

The network is used in evaluation mode and is not changed. The notebook has a shorter variant,
`quantlab.network.synthetic_images.matched_images`.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from quantlab.network.synthetic_images import to_pixels

EPSILON = 1e-6  # inside roots, whose gradient at 0 is none


@dataclass(frozen=True)
class DistillationSettings:
    """How many images, and how they are changed; the released code has 64, 500 and 0.5."""

    images: int = 64
    steps: int = 150
    learning_rate: float = 0.1
    patience: int = 20  # steps without progress, after which the rate is a tenth
    smallest_rate: float = 1e-4
    side: int = 32
    seed: int = 0


@dataclass(frozen=True)
class Distilled:
    """Holds `images` uint8 (N, 3, side, side), and the loss before every step."""

    images: Tensor
    losses: tuple[float, ...]


@contextmanager
def record_norm_inputs(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Yield {batch norm: its input in the last pass} while the block runs."""
    inputs: dict[str, Tensor] = {}

    def keep(name: str, input: Tensor) -> None:
        inputs[name] = input

    hooks: list[Any] = [
        module.register_forward_pre_hook(lambda _, args, name=name: keep(name, args[0]))
        for name, module in model.named_modules()
        if isinstance(module, nn.BatchNorm2d)
    ]
    try:
        yield inputs
    finally:
        for hook in hooks:
            hook.remove()


def statistics_distance(input: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return || mean - mean of `input` ||^2 + || std - std of `input` ||^2.

    `input` is (N, C, H, W), `mean` and `deviation` are (C,).
    """
    variance, average = torch.var_mean(input, (0, 2, 3), correction=0)
    spread = (variance + EPSILON).sqrt()
    return (average - mean).square().sum() + (spread - deviation).square().sum()


def distill(
    model: nn.Module, plan: DistillationSettings | None = None, progress: bool = False
) -> Distilled:
    """Return images whose statistics in the float `model` are those of its batch norms.

    The computation is on the device of `model`. Raise `ValueError` for a network without batch
    norm.
    """
    plan = plan or DistillationSettings()
    model = copy.deepcopy(model).eval().requires_grad_(False)
    targets = {
        name: (module.running_mean, (module.running_var + module.eps).sqrt())
        for name, module in model.named_modules()
        if isinstance(module, nn.BatchNorm2d)
        and module.running_mean is not None
        and module.running_var is not None
    }
    if not targets:
        raise ValueError("Distilling needs batch norm statistics, but this network has none.")
    device = next(model.parameters()).device
    zeros, ones = torch.zeros(3, device=device), torch.ones(3, device=device)
    images = noise(plan.images, plan.side, plan.seed).to(device)
    images = images.contiguous(memory_format=torch.channels_last).requires_grad_()
    optimizer = torch.optim.Adam([images], lr=plan.learning_rate)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, patience=plan.patience, min_lr=plan.smallest_rate
    )
    losses = []
    with record_norm_inputs(model) as inputs:
        for _ in tqdm(range(plan.steps), desc="distilling images", disable=not progress):
            model(images)
            loss = statistics_distance(images, zeros, ones)
            for name, (mean, deviation) in targets.items():
                loss = loss + statistics_distance(inputs[name], mean, deviation)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
            schedule.step(losses[-1])
    return Distilled(to_pixels(images.detach()).cpu(), tuple(losses))


def noise(count: int, side: int = 32, seed: int = 0) -> Tensor:
    """Return float32 (count, 3, side, side) of N(0, 1), the start of a distillation."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, side, side, generator=generator)
