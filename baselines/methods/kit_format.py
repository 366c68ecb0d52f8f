"""Convert a network of this package to the kit's format of a saved model, if it fits.

The format (`quantlab.formats.saved_model`) has one scale per tensor, z = 0, unsigned inputs of one
width, and conv1 in floating point. A folded bias becomes a batch norm that does nothing else. The
saved model does not quantize the image, because the format has no scale for it. Therefore its
accuracy differs from that of the network.
"""

import copy
from typing import Any

import torch
from torch import nn

from baselines.errors import DoesNotFit
from baselines.methods.batch_norm_folding import convolution_norms
from baselines.quantized_network import quantized_layers, saved_model
from baselines.quantizers.affine import Affine
from quantlab.formats.saved_model import LAYERS, SavedModel
from quantlab.network.quantization import FIRST_LAYER
from quantlab.network.resnet import BATCH_NORM_EPSILON, resnet20


@torch.no_grad()
def to_kit_format(
    network: nn.Module, method: str, dataset: str, bits: tuple[int, int]
) -> SavedModel:
    """Return `network`, a ResNet-20 of `grid_network`, as plain data. Raise `DoesNotFit`."""
    network = copy.deepcopy(network).cpu()
    layers = quantized_layers(network)
    if set(layers) != {FIRST_LAYER, *LAYERS}:
        raise DoesNotFit("the format holds the layers of a ResNet-20, but this network has others")
    for name in LAYERS:
        for grid in (layers[name].weight_quantizer, layers[name].input_quantizer):
            if not isinstance(grid, Affine):
                raise DoesNotFit(
                    f"the inputs of {name} are in floating point, but the format has codes"
                )
            if grid.scale.numel() > 1 or bool(grid.zero_point.any()):
                raise DoesNotFit(
                    f"{name} has a scale per channel or a zero point, but the format has one scale "
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
    """Replace biases of convolutions by batch norms of mean 0, variance 1 - eps, weight 1."""
    for convolution, normalization in convolution_norms(resnet20()).items():
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
