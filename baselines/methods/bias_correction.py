"""Empirical bias correction: undo what quantization does to the mean of each channel.

Rounding and clipping shift the mean output of a channel (Nagel et al. 2019, section 4.2). The shift
is measured on calibration images without labels and subtracted: after a convolution from the
running mean of the following batch norm, in the classifier from its bias.

All images pass in one batch. Every layer is corrected before its output is used, so that later
layers are measured on corrected inputs.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from baselines.quantized_network import quantized_layers
from quantlab.data.images import normalize


@torch.no_grad()
def correct_bias(network: nn.Module, model: nn.Module, images: Tensor) -> None:
    """Change `network`, quantized from the float `model`, so that the channel means agree.

    `images` are uint8 (N, 3, 32, 32). Afterwards the mean output of each quantized layer of
    `network`, less the running mean of its batch norm, is that of `model` on these images.
    """
    layers, model = quantized_layers(network), copy.deepcopy(model).eval()
    means: dict[str, Tensor] = {}
    for name in layers:
        model.get_submodule(name).register_forward_hook(_keeping(means, name))
    hooks = [
        layer.register_forward_hook(_correcting(means, name, network))
        for name, layer in layers.items()
    ]
    device = next(model.parameters()).device
    batch = normalize(images.to(device)).contiguous(memory_format=torch.channels_last)
    try:
        model(batch)
        network.eval()(batch)
    finally:
        for hook in hooks:
            hook.remove()


Hook = Callable[[nn.Module, Any, Tensor], Tensor | None]


def _channel_means(output: Tensor) -> Tensor:
    return output.transpose(0, 1).flatten(1).mean(1)


def _keeping(means: dict[str, Tensor], name: str) -> Hook:
    def hook(module: nn.Module, args: Any, output: Tensor) -> None:
        means[name] = _channel_means(output)

    return hook


def _correcting(means: dict[str, Tensor], name: str, network: nn.Module) -> Hook:
    parent, _, child = name.rpartition(".")

    def hook(module: Any, args: Any, output: Tensor) -> Tensor | None:
        shift = _channel_means(output) - means[name]
        if module.layer.bias is not None:
            module.layer.bias -= shift
            return output - shift
        norm: Any = network.get_submodule(f"{parent}.{child.replace('conv', 'bn')}")
        norm.running_mean += shift
        return None

    return hook
