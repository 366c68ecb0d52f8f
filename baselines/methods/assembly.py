"""What all methods but N2D2's end with: a network of layers on grids, ready to be evaluated.

A method says for each layer which grid its weights have, how they are rounded to it and which grid
its inputs get. `assembled` puts `baselines.network.QuantizedLayer`s with these in the place of all
convolutions and linear layers, the first included, of any network. The weights of a layer are then
numbers of their grid, so that its quantizer finds the codes again and changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.bn_statistics import blank_images, imagined_network, laplace
from baselines.network import quantized_layers, quantized_network
from baselines.quantizers.affine import Affine, Unquantized, short_scale
from baselines.quantizers.base import Quantizer, unsigned_codes
from quantlab.data.images import IMAGE_MEAN, IMAGE_STD
from quantlab.network.calibration import input_scales
from quantlab.network.quantization import quantizable_layers

FLOAT_BITS = 32  # activations of so many stay in floating point
PIXEL_BITS = 8  # a pixel is a byte

Round = Callable[[Tensor, Affine], Tensor]  # (weight, its grid) -> numbers of the grid


def nearest(weight: Tensor, grid: Affine) -> Tensor:
    """Each weight to the nearest number of the grid, ties to even."""
    return grid(weight)


@torch.no_grad()
def assembled(
    model: nn.Module,
    grids: Callable[[Tensor], Affine],
    round_weight: Round,
    inputs: Mapping[str, Quantizer],
) -> nn.Module:
    """A quantized copy of `model` in evaluation mode; inputs that `inputs` lacks stay float."""

    def quantizers(name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Quantizer, Quantizer]:
        return grids(layer.weight), inputs.get(name, Unquantized())

    network = quantized_network(model, quantizers, quantizable_layers(model)).eval()
    for module in quantized_layers(network).values():
        grid: Any = module.weight_quantizer
        rounded = round_weight(module.layer.weight, grid)
        module.layer.weight = nn.Parameter(rounded, requires_grad=False)
    return network


def calibrated_inputs(
    model: nn.Module, images: Tensor, bits: Mapping[str, int]
) -> dict[str, Quantizer]:
    """Unsigned grids of least squared error on uint8 `images`, {layer: bits}; at 32 none.

    Raises `CalibrationError` for inputs that are negative.
    """
    grids: dict[str, Quantizer] = {}
    for width in sorted(set(bits.values()) - {FLOAT_BITS}):
        names = [name for name in bits if bits[name] == width]
        for name, scale in input_scales(model, names, images, width, "heuristic").items():
            grids[name] = Affine(*unsigned_codes(width), short_scale(scale))
    return grids


def imagined_inputs(model: nn.Module, bits: Mapping[str, int]) -> dict[str, Quantizer]:
    """The same without any data: from what batch normalization remembers."""
    return calibrated_inputs(imagined_network(model, laplace), blank_images(), bits)


def inner_layers(model: nn.Module) -> list[str]:
    """All layers but the first, whose inputs are the image."""
    return quantizable_layers(model)[1:]


def pixel_grid() -> Affine:
    """Signed 8 bits for a normalized image: what a byte can be is known without looking at one."""
    ends = [(end - m) / s for m, s in zip(IMAGE_MEAN, IMAGE_STD, strict=True) for end in (0, 1)]
    largest = 2 ** (PIXEL_BITS - 1) - 1
    return Affine(-largest, largest, short_scale(max(abs(end) for end in ends) / largest))
