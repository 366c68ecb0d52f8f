"""ISQuant: SQuant for deployment (the handout's reading, seed "ISQuant").

ISQuant uses SQuant's flips with what integer hardware needs: batch norm is folded first, weights
and activations have one scale per tensor and z = 0, and the bias is an integer at scale s_x s_w. A
layer is then an ordinary integer convolution, equation (16),

    y = s_x s_w ( sum x_int w_int + b_int )

No data and no gradient are needed. The image is quantized as well, always at 8 bits; the paper does
not say how.

`integer_network` computes this with `quantlab.arithmetic.integer_kernels`. Fake quantization in
double precision, `double_network`, agrees to the last bit: the scales have 12 significant bits, so
that all products and sums are float64 numbers. The paper does not say how ranges of activations are
found without data; here they come from batch norm statistics, before batch norm is folded.
"""

import copy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.batch_norm_folding import fold_batch_norm
from baselines.methods.clipping_thresholds import magnitude_histogram
from baselines.methods.grid_network import (
    data_free_input_grids,
    grid_network,
    inner_layers,
    pixel_grid,
)
from baselines.methods.squant import squant
from baselines.quantized_network import QuantizedLayer, quantized_layers
from baselines.quantizers.affine import Affine, short_scale
from baselines.quantizers.base import signed_codes
from quantlab.arithmetic.integer_kernels import integer_conv2d, integer_linear
from quantlab.network.calibration import least_mse_scale
from quantlab.network.quantization import quantizable_layers


def isquant(model: nn.Module, bits: tuple[int, int]) -> nn.Module:
    """Return the float `model` with weights and activations of `bits`, fake-quantized."""
    weight_bits, act_bits = bits
    inputs = data_free_input_grids(model, dict.fromkeys(inner_layers(model), act_bits))
    inputs[quantizable_layers(model)[0]] = pixel_grid()
    grids = partial(least_error_grid, bits=weight_bits)
    network = grid_network(fold_batch_norm(model), grids, squant, inputs)
    for layer in quantized_layers(network).values():
        _round_bias(layer)
    return network


def least_error_grid(weight: Tensor, bits: int) -> Affine:
    """Return a symmetric grid for the tensor, of least squared error on its histogram.

    The paper uses the maximum, which at 6 bits leaves too few codes for the middle of the weights.
    A histogram has some thousand bins for any number of weights, so that the search is quick.
    """
    histogram = magnitude_histogram(weight)
    scale = least_mse_scale(histogram, 2 ** (bits - 1) - 1) if histogram.maximum > 0 else 1.0
    return Affine(*signed_codes(bits), short_scale(scale))


@torch.no_grad()
def _round_bias(module: QuantizedLayer) -> None:
    if module.layer.bias is not None:
        scale = module.weight_quantizer.scale * module.input_quantizer.scale
        bias = (module.layer.bias / scale).round() * scale
        module.layer.bias = nn.Parameter(bias, requires_grad=False)


def double_network(network: nn.Module) -> nn.Module:
    """Return a copy of a network of `isquant` in float64, biases on their grid."""
    double = copy.deepcopy(network).double()
    for layer in quantized_layers(double).values():
        _round_bias(layer)
    return double


class IntegerLayer(nn.Module):
    """Computes a layer of `isquant` in integers: int32 codes and sums, one product with s_x s_w."""

    def __init__(self, module: QuantizedLayer) -> None:
        """Keep the codes of the quantized layer `module`."""
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
        """Return the output in the dtype of `x`; only scales are in floating point."""
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
    """Return a copy of a network of `isquant` that computes with integers, on the CPU."""
    integer = copy.deepcopy(network).cpu().float()
    for name, module in quantized_layers(integer).items():
        parent, _, child = name.rpartition(".")
        setattr(integer.get_submodule(parent), child, IntegerLayer(module))
    return integer
