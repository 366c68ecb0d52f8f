"""ResNet-20 with weights of a bit width of its own in every layer, and its packed model.

`mixed_network` replaces each layer, conv1 and fc included, by a `WeightQuantized`, and a
convolution of 0 bits by a `Removed`. Inputs stay in floating point: at 16 bits nothing is lost
(`quantlab.evaluation.mixed_precision` quantizes them). `pack_network` returns codes, scales and
float tensors.

A removed convolution returns zeros. The statistics of the following batch norm are set to mean 0
and variance 1, so that its output is its bias, which continues to learn.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.quantizers.base import Quantizer
from quantlab.formats.packed_model import FLOATS, LAYERS, PackedModel

Layer = nn.Conv2d | nn.Linear
MakeQuantizer = Callable[[Tensor, int], Quantizer]  # (weight, bits)


class WeightQuantized(nn.Module):
    """Computes a convolution or linear layer on fake-quantized weights."""

    def __init__(self, layer: Layer, quantizer: Quantizer) -> None:
        """Keep the float `layer` and the quantizer of its weights."""
        super().__init__()
        self.layer, self.quantizer = layer, quantizer

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of the layer."""
        weight = self.quantizer(self.layer.weight)
        if isinstance(self.layer, nn.Linear):
            return F.linear(x, weight, self.layer.bias)
        return F.conv2d(x, weight, None, self.layer.stride, self.layer.padding)


class Removed(nn.Module):
    """Returns zeros of the shape of a removed convolution's output."""

    def __init__(self, layer: nn.Conv2d) -> None:
        """Keep the shape of `layer`."""
        super().__init__()
        self.channels, self.stride = layer.out_channels, layer.stride[0]

    def forward(self, x: Tensor) -> Tensor:
        """Return zeros."""
        first = x[:, :1, :: self.stride, :: self.stride]
        return torch.zeros_like(first).expand(-1, self.channels, -1, -1)


def mixed_network(
    model: nn.Module, bit_widths: Mapping[str, int], quantizer: MakeQuantizer
) -> nn.Module:
    """Return a copy of the float `model` with quantized weights.

    `quantizer(weight, bits)` returns the quantizer of a layer's weights.
    """
    network = copy.deepcopy(model)
    for name in LAYERS:
        layer: Any = network.get_submodule(name)
        parent, _, child = name.rpartition(".")
        place = network.get_submodule(parent) if parent else network
        bits = bit_widths[name]
        if bits == 0:
            setattr(place, child, Removed(layer))
            _reset_statistics(place.get_submodule(child.replace("conv", "bn")))
        else:
            weights = quantizer(layer.weight.detach(), bits)
            setattr(place, child, WeightQuantized(layer, weights))
    return network


@torch.no_grad()
def _reset_statistics(norm: Any) -> None:
    norm.running_mean.zero_()
    norm.running_var.fill_(1)


def weight_quantized(network: nn.Module) -> dict[str, WeightQuantized]:
    """Return {name: layer} of the layers that are not removed."""
    modules = network.named_modules()
    return {name: module for name, module in modules if isinstance(module, WeightQuantized)}


@torch.no_grad()
def pack_network(network: nn.Module, bit_widths: Mapping[str, int], dataset: str) -> PackedModel:
    """Return codes, scales and float tensors of a network from `mixed_network`."""
    layers = weight_quantized(network)
    state = network.state_dict()
    floats = {name: state[name.replace("fc.", "fc.layer.")] for name in FLOATS}
    return PackedModel(
        dataset=dataset,
        bit_widths={name: int(bit_widths[name]) for name in LAYERS},
        codes={
            name: layer.quantizer.codes(layer.layer.weight).to(torch.int8).contiguous().cpu()
            for name, layer in layers.items()
        },
        scales={name: float(layer.quantizer.scale) for name, layer in layers.items()},
        tensors={name: tensor.detach().contiguous().cpu() for name, tensor in floats.items()},
    )
