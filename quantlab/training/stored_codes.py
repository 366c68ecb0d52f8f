"""A training that stores codes alone, beside one that keeps float weights behind them.

A code changes only if its weight moves by half a step of the grid. One update of a training is far
smaller. Float weights add small updates up; codes that are rounded after each update forget them.
"""

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from quantlab.network.quantized_layers import quantized_layers
from quantlab.training.steps import Batch, Objective


def changed_codes(
    network: nn.Module,
    objective: Objective,
    batches: Iterable[Batch],
    rate: float,
    stored: bool,
) -> list[float]:
    """Return the share of codes, in percent, that differ from the first after each step.

    Args:
        network: A quantized network. It is not changed. Each layer keeps its scale.
        objective: (network, images, labels) -> (loss, logits).
        batches: Normalized images and labels of each step.
        rate: The learning rate of plain gradient descent.
        stored: Round the weights to their codes after each step.
    """
    network = copy.deepcopy(network)
    layers: list[Any] = list(quantized_layers(network).values())
    first = [layer.weight_codes() for layer in layers]
    scales = [layer.weight_scale.clone() for layer in layers]
    for layer, scale in zip(layers, scales, strict=True):
        layer.quantizer = replace(layer.quantizer, ops=_FixedScale(layer.quantizer.ops, scale))
    if stored:
        _round(layers, first, scales)
    network.train()
    shares = []
    for images, labels in batches:
        network.zero_grad()
        objective(network, images, labels)[0].backward()
        with torch.no_grad():
            for layer in layers:
                layer.weight -= rate * layer.weight.grad
        codes = [layer.weight_codes() for layer in layers]
        if stored:
            _round(layers, codes, scales)
        shares.append(_share_that_differs(first, codes))
    return shares


@torch.no_grad()
def _round(layers: list[Any], codes: list[Tensor], scales: list[Tensor]) -> None:
    for layer, integers, scale in zip(layers, codes, scales, strict=True):
        layer.weight.copy_(integers * scale)


def _share_that_differs(first: list[Tensor], codes: list[Tensor]) -> float:
    pairs = list(zip(first, codes, strict=True))
    changed = torch.stack([(before != after).sum() for before, after in pairs]).sum()
    return 100 * float(changed) / sum(before.numel() for before, _ in pairs)


class _FixedScale:
    """The student's functions, with one scale for every weight."""

    def __init__(self, ops: Any, scale: Tensor) -> None:
        self._ops, self._scale = ops, scale

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ops, name)

    def reset_scale_and_zero_point(self, *_: Any) -> tuple[Tensor, int]:
        return self._scale, 0
