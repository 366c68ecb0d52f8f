"""ZeroQ (Cai et al., CVPR 2020): quantization with distilled images in the place of data.

Weights on asymmetric grids per output channel from their extremes, activations unsigned per tensor;
batch normalization kept, the image and the sums of residual blocks in floating point. The ranges of
activations come from images that are distilled from batch normalization (`distilled`), or, to see
what these are worth, from noise or from training images.

Every layer's inputs are quantized where they enter it. The released code puts its quantizers behind
`nn.ReLU` modules: a network that calls `F.relu`, such as ResNet-20 here, gets none at all, and one
that uses a module twice gets one range for both. Ranges are those of least squared error, which are
the extremes but for a few outliers at 8 bits and what makes 4 bits possible; the released code
takes the extremes.

Which bit width each layer should have is the subject of the paper's other half: KL sensitivity and
the Pareto frontier, which work on any images, those of `distilled` too.
"""

from functools import partial

from torch import Tensor, nn

from baselines.methods.assembly import assembled, calibrated_inputs, inner_layers, nearest
from baselines.quantizers.affine import affine_grid


def zeroq(model: nn.Module, bits: tuple[int, int], images: Tensor) -> nn.Module:
    """The float `model` with weights and activations of `bits`; uint8 `images` give the ranges."""
    weight_bits, act_bits = bits
    inputs = calibrated_inputs(model, images, dict.fromkeys(inner_layers(model), act_bits))
    return assembled(model, partial(affine_grid, bits=weight_bits), nearest, inputs)
