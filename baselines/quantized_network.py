"""ResNet-20 with fake quantizers on the weights and inputs of every layer but conv1.

`quantized_network(model, quantizers)` copies a float network and replaces each layer of `LAYERS` by
a `QuantizedLayer`. The quantizers are all that methods differ in here. `saved_model` returns codes
and scales, which `quantlab.evaluation.integer_network` measures. Scales are per tensor, z = 0,
weights signed and inputs unsigned; biases stay in floating point until they are saved.
"""

import copy
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.quantizers.base import Quantizer
from quantlab.formats.saved_model import LAYERS, TENSORS, SavedLayer, SavedModel


class QuantizedLayer(nn.Module):
    """Computes a convolution or linear layer on fake-quantized weights and inputs."""

    def __init__(
        self, layer: nn.Conv2d | nn.Linear, weight_quantizer: Quantizer, input_quantizer: Quantizer
    ) -> None:
        """Keep the float `layer` and its quantizers."""
        super().__init__()
        self.layer = layer
        self.weight_quantizer = weight_quantizer
        self.input_quantizer = input_quantizer

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of the layer."""
        x, weight = self.input_quantizer(x), self.weight_quantizer(self.layer.weight)
        layer = self.layer
        if isinstance(layer, nn.Linear):
            return F.linear(x, weight, layer.bias)
        return F.conv2d(
            x, weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups
        )


Quantizers = Callable[[str, nn.Conv2d | nn.Linear], tuple[Quantizer, Quantizer]]


def quantized_network(
    model: nn.Module, quantizers: Quantizers, names: Iterable[str] = LAYERS
) -> nn.Module:
    """Return a copy of the float `model` with quantizers.

    `quantizers(name, layer)` returns those of weights and inputs. `names` are the layers that have
    them: those of Table 1 by default.
    """
    network = copy.deepcopy(model)
    for name in names:
        parent, _, child = name.rpartition(".")
        layer: Any = network.get_submodule(name)
        quantized = QuantizedLayer(layer, *quantizers(name, layer))
        setattr(network.get_submodule(parent), child, quantized)
    return network


def quantized_layers(network: nn.Module) -> dict[str, QuantizedLayer]:
    """Return {name: quantized layer} in the order of the modules."""
    modules = network.named_modules()
    return {name: module for name, module in modules if isinstance(module, QuantizedLayer)}


@torch.no_grad()
def saved_model(network: nn.Module, method: str, dataset: str, bits: tuple[int, int]) -> SavedModel:
    """Return codes, scales and float tensors of `network`.

    `bits` are those of weights and inputs. Raise `ValueError` if the codes of a layer do not fit
    them.
    """
    weight_bits, act_bits = bits
    layers, state = {}, network.state_dict()
    for name, module in quantized_layers(network).items():
        weight, input = module.weight_quantizer, module.input_quantizer
        if weight.high >= 2 ** (weight_bits - 1) or input.high != 2**act_bits - 1:
            raise ValueError(
                f"{name} has weight codes up to {weight.high} and input codes up to {input.high}: "
                f"they do not fit W{weight_bits}A{act_bits}."
            )
        bias = module.layer.bias
        layers[name] = SavedLayer(
            weight_int=weight.codes(module.layer.weight).to(torch.int8).contiguous().cpu(),
            weight_scale=float(weight.scale),
            input_scale=float(input.scale),
            bias=None if bias is None else bias.detach().cpu(),
        )
    tensors = {name: state[name].contiguous().cpu() for name in TENSORS}
    return SavedModel(method, dataset, weight_bits, act_bits, layers, tensors)


@torch.no_grad()
def restore(model: nn.Module, saved: SavedModel) -> tuple[nn.Module, dict[str, float]]:
    """Return a copy of the float `model` with the dequantized weights and batch norm of `saved`.

    The second value is {layer: scale of its inputs}.
    """
    state = dict(saved.tensors)
    for name, layer in saved.layers.items():
        state[f"{name}.weight"] = layer.weight_int * layer.weight_scale
        if layer.bias is not None:
            state[f"{name}.bias"] = layer.bias
    network = copy.deepcopy(model)
    network.load_state_dict(state, strict=False)  # all but the counters of batches
    return network, {name: layer.input_scale for name, layer in saved.layers.items()}
