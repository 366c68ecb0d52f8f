"""The quantized layers of a network, by name."""

from torch import nn

from quantlab.network.layers import QuantConv2d, QuantLinear


def quantized_layers(network: nn.Module) -> dict[str, QuantConv2d | QuantLinear]:
    """Return {name: layer} of all quantized layers, in the order of the network."""
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, (QuantConv2d, QuantLinear))
    }
