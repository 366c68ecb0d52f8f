"""ZeroQ (Cai et al., CVPR 2020): quantization with distilled images instead of data.

Weights are on asymmetric grids per output channel from their extremes, activations unsigned per
tensor. Batch norm is kept, the image and the sums of residual blocks stay in floating point. The
ranges of activations come from distilled images (`distilled_images`) or, to see what these are
worth, from noise or training images.

The inputs of every layer are quantized. The released code puts its quantizers behind `nn.ReLU`
modules: a network that calls `F.relu`, such as ResNet-20 here, has none, and a module that is used
twice has one range for both. Ranges are those of least squared error: nearly the extremes at 8
bits, and necessary at 4 bits; the released code uses the extremes.

The paper's other half chooses a bit width for each layer: `baselines.bit_widths.sensitivity`.
"""

from functools import partial

from torch import Tensor, nn

from baselines.methods.grid_network import (
    calibrated_input_grids,
    grid_network,
    inner_layers,
    round_to_nearest,
)
from baselines.quantizers.affine import affine_grid


def zeroq(model: nn.Module, bits: tuple[int, int], images: Tensor) -> nn.Module:
    """Return the float `model` with weights and activations of `bits`.

    The uint8 `images` decide the ranges of activations.
    """
    weight_bits, act_bits = bits
    inputs = calibrated_input_grids(model, images, dict.fromkeys(inner_layers(model), act_bits))
    return grid_network(model, partial(affine_grid, bits=weight_bits), round_to_nearest, inputs)
