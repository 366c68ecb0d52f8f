"""A network of this folder in the kit's format of a saved model, where it fits.

The format (`quantlab.formats.saved_model`) has one scale per tensor, z = 0, unsigned inputs of one
width and conv1 in floating point. Folded biases go where the format has a place for them: into a
batch normalization that does nothing else. What is saved differs from the network in that the image
is not quantized, since the format has no scale for it; its accuracy is its own.

It can fail with `DoesNotFit`, which says what the format cannot hold.
"""

import copy
from typing import Any

import torch
from torch import nn

from baselines.methods.batch_norm_folding import normalizations
from baselines.network import quantized_layers, saved_model
from baselines.quantizers.affine import Affine
from quantlab.formats.saved_model import LAYERS, SavedModel
from quantlab.network.quantization import FIRST_LAYER
from quantlab.network.resnet import BATCH_NORM_EPSILON, resnet20


class DoesNotFit(Exception):
    """The kit's format cannot hold this network; the message says why."""


@torch.no_grad()
def in_the_kits_format(
    network: nn.Module, method: str, dataset: str, bits: tuple[int, int]
) -> SavedModel:
    """What `network`, a ResNet-20 of `assembled`, computes, as plain data. Raises `DoesNotFit`."""
    network = copy.deepcopy(network).cpu()
    layers = quantized_layers(network)
    if set(layers) != {FIRST_LAYER, *LAYERS}:
        raise DoesNotFit("the format holds layers of a ResNet-20, and this network has other ones")
    for name in LAYERS:
        for grid in (layers[name].weight_quantizer, layers[name].input_quantizer):
            if not isinstance(grid, Affine):
                raise DoesNotFit(
                    f"the inputs of {name} are in floating point, and the format has codes"
                )
            if grid.scale.numel() > 1 or bool(grid.zero_point.any()):
                raise DoesNotFit(
                    f"{name} has a scale per channel or a zero point, and the format has one scale "
                    "per tensor and z = 0"
                )
    _unwrap_first(network)
    _bias_as_normalization(network)
    try:
        return saved_model(network, method, dataset, bits)
    except ValueError as problem:
        raise DoesNotFit(f"{problem}") from None


def _unwrap_first(network: nn.Module) -> None:
    layer: Any = network.get_submodule(FIRST_LAYER)
    setattr(network, FIRST_LAYER, layer.layer)


def _bias_as_normalization(network: nn.Module) -> None:
    """Biases of convolutions into normalizations of mean 0, variance 1 - eps and weight 1."""
    for convolution, normalization in normalizations(resnet20()).items():
        module: Any = network.get_submodule(convolution)
        conv = module if convolution == FIRST_LAYER else module.layer
        if conv.bias is None:
            continue
        norm = nn.BatchNorm2d(conv.out_channels, eps=BATCH_NORM_EPSILON)
        norm.running_var = torch.full_like(conv.bias, 1 - BATCH_NORM_EPSILON)
        norm.bias.copy_(conv.bias)
        conv.bias = None
        parent, _, child = normalization.rpartition(".")
        setattr(network.get_submodule(parent), child, norm)
