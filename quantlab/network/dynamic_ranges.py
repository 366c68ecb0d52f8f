"""Activation ranges that follow each batch, in place of calibrated ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from quantlab.network.quantized_layers import quantized_layers


@contextmanager
def dynamic_ranges(network: nn.Module) -> Iterator[None]:
    """Let every quantized layer cover exactly the inputs of the batch, within the block.

    The scale of the inputs is their maximum, divided by the largest code. Afterwards the
    calibrated scales are back.
    """

    def follow(layer: Any, arguments: tuple[Tensor, ...]) -> None:
        with torch.no_grad():
            scale = arguments[0].max() / layer.quantizer.largest_input
            layer.input_scale.copy_(torch.where(scale > 0, scale, torch.ones_like(scale)))

    layers: list[Any] = [
        layer
        for layer in quantized_layers(network).values()
        if layer.quantizer.act_bits is not None
    ]
    calibrated = [layer.input_scale.detach().clone() for layer in layers]
    hooks = [layer.register_forward_pre_hook(follow) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        with torch.no_grad():
            for layer, scale in zip(layers, calibrated, strict=True):
                layer.input_scale.copy_(scale)
