"""ResNet-20 with weights of a width of its own in every layer, on its way to a packed model.

`mixed_network` puts a `WeightQuantized` in the place of each layer, conv1 and fc included, and a
`Removed` where a convolution has 0 bits. Inputs stay in floating point: at 16 bits nothing is lost
(`quantlab.evaluation.mixed_precision` measures with them quantized). `pack_network` takes codes,
scales and float tensors out again.

A removed convolution gives zeros. What the batch normalization behind it makes of them is what it
gave on average before: its statistics are set so, and its bias goes on to learn.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.methods.ranges import weight_scale
from baselines.quantizers.base import Quantizer, signed_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from quantlab.formats.packed_model import FLOATS, LAYERS, PackedModel

Layer = nn.Conv2d | nn.Linear
MakeQuantizer = Callable[[Tensor, int], Quantizer]  # (weight, bits)


class WeightQuantized(nn.Module):
    """A convolution or linear layer on fake-quantized weights; `layer` keeps its own."""

    def __init__(self, layer: Layer, quantizer: Quantizer) -> None:
        super().__init__()
        self.layer, self.quantizer = layer, quantizer

    def forward(self, x: Tensor) -> Tensor:
        weight = self.quantizer(self.layer.weight)
        if isinstance(self.layer, nn.Linear):
            return F.linear(x, weight, self.layer.bias)
        return F.conv2d(x, weight, None, self.layer.stride, self.layer.padding)


class Removed(nn.Module):
    """What is left of a convolution of 0 bits: zeros of the shape of its output."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.channels, self.stride = layer.out_channels, layer.stride[0]

    def forward(self, x: Tensor) -> Tensor:
        first = x[:, :1, :: self.stride, :: self.stride]
        return torch.zeros_like(first).expand(-1, self.channels, -1, -1)


def mixed_network(
    model: nn.Module, bit_widths: Mapping[str, int], quantizer: MakeQuantizer
) -> nn.Module:
    """A copy of the float `model`; `quantizer(weight, bits)` makes that of a layer's weights."""
    network = copy.deepcopy(model)
    for name in LAYERS:
        layer: Any = network.get_submodule(name)
        parent, _, child = name.rpartition(".")
        place = network.get_submodule(parent) if parent else network
        bits = bit_widths[name]
        if bits == 0:
            setattr(place, child, Removed(layer))
            _give_the_mean(place.get_submodule(child.replace("conv", "bn")))
        else:
            made = quantizer(layer.weight.detach(), bits)
            setattr(place, child, WeightQuantized(layer, made))
    return network


@torch.no_grad()
def _give_the_mean(norm: Any) -> None:
    norm.running_mean.zero_()
    norm.running_var.fill_(1)


def fixed_scale(weight: Tensor, bits: int) -> Quantizer:
    """The quantizer at the scale of least squared error, which stays."""
    scale = weight_scale(weight, bits, "heuristic")
    return ClippedStraightThrough(*signed_codes(bits), scale)


def weight_quantized(network: nn.Module) -> dict[str, WeightQuantized]:
    """The layers that are left, by name."""
    found = network.named_modules()
    return {name: module for name, module in found if isinstance(module, WeightQuantized)}


@torch.no_grad()
def pack_network(network: nn.Module, bit_widths: Mapping[str, int], dataset: str) -> PackedModel:
    """Codes, scales and float tensors of a network from `mixed_network` at these widths."""
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
