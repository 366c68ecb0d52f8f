"""ISQuant: SQuant made for deployment (the handout's reading, seed "ISQuant").

SQuant's flips, but with what integer hardware wants: batch normalization folded first, one scale
per tensor, z = 0 for weights and activations, the bias an integer at scale s_x s_w. A layer is then

    y = s_x s_w ( sum x_int w_int + b_int )

with an ordinary integer convolution inside, equation (16). No data and no gradient are needed. The
image is quantized as well, at 8 bits whatever the width of the rest; the paper does not say.

`integer_network` computes it so, by `quantlab.arithmetic.integer_kernels`. In double precision fake
quantization, that is `double_network`, gives the same to the last bit, because the scales have 12
significant bits: all its products and sums are then float64 numbers. The paper leaves open how
ranges of activations are found without data; here they are imagined from batch normalization,
before it is folded.

It can fail as `folded` and `imagined_network` do.
"""

import copy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.assembly import assembled, imagined_inputs, inner_layers, pixel_grid
from baselines.methods.batch_norm_folding import folded
from baselines.methods.clipping_thresholds import magnitudes
from baselines.methods.squant import squant
from baselines.network import QuantizedLayer, quantized_layers
from baselines.quantizers.affine import Affine, short_scale
from baselines.quantizers.base import signed_codes
from quantlab.arithmetic.integer_kernels import integer_conv2d, integer_linear
from quantlab.network.calibration import least_mse_scale
from quantlab.network.quantization import quantizable_layers


def isquant(model: nn.Module, bits: tuple[int, int]) -> nn.Module:
    """The float `model` with weights and activations of `bits`, fake-quantized, biases integers."""
    weight_bits, act_bits = bits
    inputs = imagined_inputs(model, dict.fromkeys(inner_layers(model), act_bits))
    inputs[quantizable_layers(model)[0]] = pixel_grid()
    grids = partial(least_error_grid, bits=weight_bits)
    network = assembled(folded(model), grids, squant, inputs)
    for layer in quantized_layers(network).values():
        _round_bias(layer)
    return network


def least_error_grid(weight: Tensor, bits: int) -> Affine:
    """One symmetric scale for the tensor, of least squared error on the histogram of magnitudes.

    The paper's is the maximum, which at 6 bits leaves the middle of the weights too few codes. A
    histogram has some thousand bins however many weights there are, so that the search is quick.
    """
    histogram = magnitudes(weight)
    scale = least_mse_scale(histogram, 2 ** (bits - 1) - 1) if histogram.maximum > 0 else 1.0
    return Affine(*signed_codes(bits), short_scale(scale))


@torch.no_grad()
def _round_bias(module: QuantizedLayer) -> None:
    if module.layer.bias is not None:
        scale = module.weight_quantizer.scale * module.input_quantizer.scale
        bias = (module.layer.bias / scale).round() * scale
        module.layer.bias = nn.Parameter(bias, requires_grad=False)


def double_network(network: nn.Module) -> nn.Module:
    """A copy of a network of `isquant` in float64, its biases on their grid to the last bit."""
    double = copy.deepcopy(network).double()
    for layer in quantized_layers(double).values():
        _round_bias(layer)
    return double


class IntegerLayer(nn.Module):
    """A layer of `isquant` in integers: int32 codes in, int32 sums, one product with s_x s_w."""

    def __init__(self, module: QuantizedLayer) -> None:
        super().__init__()
        weight, self.input_quantizer = module.weight_quantizer, module.input_quantizer
        self.layer: Any = module.layer
        self.weight_codes = weight.codes(self.layer.weight).to(torch.int32)
        self.scale = weight.scale.double() * self.input_quantizer.scale.double()
        self.bias_codes: Tensor | int = 0
        if self.layer.bias is not None:
            self.bias_codes = (self.layer.bias.double() / self.scale).round().to(torch.int32)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Floating point to the same: only the step between layers is no integer."""
        codes = self.input_quantizer.codes(x).to(torch.int32)
        if isinstance(self.layer, nn.Linear):
            sums = integer_linear(codes, self.weight_codes) + self.bias_codes
        else:
            sums = integer_conv2d(
                codes,
                self.weight_codes,
                self.layer.stride,
                self.layer.padding,
                self.layer.dilation,
                self.layer.groups,
            )
            sums = sums + torch.as_tensor(self.bias_codes).reshape(-1, 1, 1)
        return (sums.double() * self.scale).to(x.dtype)


def integer_network(network: nn.Module) -> nn.Module:
    """A copy of a network of `isquant` whose layers compute with integers, on the CPU."""
    integer = copy.deepcopy(network).cpu().float()
    for name, module in quantized_layers(integer).items():
        parent, _, child = name.rpartition(".")
        setattr(integer.get_submodule(parent), child, IntegerLayer(module))
    return integer
