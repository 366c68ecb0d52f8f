"""A network whose layers have their weights and inputs on grids, ready to be evaluated.

A method chooses for each layer the grid of its weights, how they are rounded to it, and the grid of
its inputs. `grid_network` replaces every convolution and linear layer of a network, the first
included, by a `baselines.quantized_network.QuantizedLayer`. The weights are then numbers of their
grid, so that the quantizer changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.bn_statistics import blank_images, laplace, statistics_network
from baselines.quantized_network import quantized_layers, quantized_network
from baselines.quantizers.affine import Affine, Unquantized, short_scale
from baselines.quantizers.base import Quantizer, unsigned_codes
from quantlab.data.images import IMAGE_MEAN, IMAGE_STD
from quantlab.network.calibration import input_scales
from quantlab.network.quantization import quantizable_layers

FLOAT_BITS = 32  # activations of so many stay in floating point
PIXEL_BITS = 8  # a pixel is a byte

Round = Callable[[Tensor, Affine], Tensor]  # (weight, its grid) -> numbers of the grid


def round_to_nearest(weight: Tensor, grid: Affine) -> Tensor:
    """Return each weight as the nearest number of the grid, ties to even."""
    return grid(weight)


@torch.no_grad()
def grid_network(
    model: nn.Module,
    grids: Callable[[Tensor], Affine],
    round_weight: Round,
    inputs: Mapping[str, Quantizer],
) -> nn.Module:
    """Return a quantized copy of `model` in evaluation mode.

    Inputs of layers that `inputs` lacks stay in floating point.
    """

    def quantizers(name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Quantizer, Quantizer]:
        return grids(layer.weight), inputs.get(name, Unquantized())

    network = quantized_network(model, quantizers, quantizable_layers(model)).eval()
    for module in quantized_layers(network).values():
        grid: Any = module.weight_quantizer
        rounded = round_weight(module.layer.weight, grid)
        module.layer.weight = nn.Parameter(rounded, requires_grad=False)
    return network


def calibrated_input_grids(
    model: nn.Module, images: Tensor, bits: Mapping[str, int]
) -> dict[str, Quantizer]:
    """Return {layer: unsigned grid of least squared error} on uint8 `images`.

    `bits` are those of each layer; a layer of 32 bits has no grid. Raise `CalibrationError` for
    negative inputs.
    """
    grids: dict[str, Quantizer] = {}
    for width in sorted(set(bits.values()) - {FLOAT_BITS}):
        names = [name for name in bits if bits[name] == width]
        for name, scale in input_scales(model, names, images, width, "heuristic").items():
            grids[name] = Affine(*unsigned_codes(width), short_scale(scale))
    return grids


def data_free_input_grids(model: nn.Module, bits: Mapping[str, int]) -> dict[str, Quantizer]:
    """Return {layer: unsigned grid} from batch norm statistics, without any image."""
    return calibrated_input_grids(statistics_network(model, laplace), blank_images(), bits)


def inner_layers(model: nn.Module) -> list[str]:
    """Return the names of all layers but the first, whose inputs are the image."""
    return quantizable_layers(model)[1:]


def pixel_grid() -> Affine:
    """Return the grid of a normalized image: signed 8 bits that cover every possible pixel."""
    ends = [(end - m) / s for m, s in zip(IMAGE_MEAN, IMAGE_STD, strict=True) for end in (0, 1)]
    largest = 2 ** (PIXEL_BITS - 1) - 1
    return Affine(-largest, largest, short_scale(max(abs(end) for end in ends) / largest))
