"""Quantized copies of float networks, with the student's functions in their layers.

`quantize_model(model, ops, ...)` copies a float network. Every convolution but `conv1`, and every
linear layer, becomes a `QuantConv2d` or a `QuantLinear` (`quantlab.network.layers`). `ops` is the
module or namespace that holds the student's functions.

Raises `QuantizationError` for bit widths, methods and layers that do not exist, and
`CalibrationError` as `quantlab.network.calibration` does. Exceptions of the student's functions
pass through.
"""

import copy
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from quantlab.errors import QuantizationError
from quantlab.network.calibration import METHODS, input_scales
from quantlab.network.layers import LayerQuantizer, QuantConv2d, QuantLinear
from quantlab.protocol.scale_forms import InAnyForm

FIRST_LAYER = "conv1"  # sees signed images; in floating point unless bit_widths contains it
WEIGHT_BITS = range(1, 9)  # codes are stored as int8
ACT_BITS = range(1, 17)


def quantize_model(
    model: nn.Module,
    ops: Any,
    weight_bits: int,
    act_bits: int,
    method: str,
    calibration_images: Tensor,
    bit_widths: Mapping[str, int] | None = None,
) -> nn.Module:
    """Return a quantized copy of the float network `model`, in evaluation mode.

    Args:
        model: A float network. It is not changed.
        ops: The module or namespace with the student's functions.
        weight_bits: 1 to 8.
        act_bits: 1 to 16.
        method: "sym", "SAWB" or "heuristic": for weights through `ops.reset_scale_and_zero_point`,
            for inputs as in `quantlab.network.calibration`.
        calibration_images: uint8 (N, 3, 32, 32).
        bit_widths: {layer: weight bits}, overrides `weight_bits` for these layers. If it contains
            `conv1`, the weights of `conv1` are quantized, its inputs are not.

    Raises:
        QuantizationError: A width, method or layer does not exist, or a scale is not valid.
        CalibrationError: The images do not fit the network.
    """
    names = quantizable_layers(model)
    inputs = [name for name in names if name != FIRST_LAYER]
    _check_bits(names, weight_bits, act_bits, method, bit_widths or {})
    scales = input_scales(model, inputs, calibration_images, act_bits, method)
    return quantize_with_scales(model, ops, weight_bits, act_bits, method, scales, bit_widths)


def quantize_with_scales(
    model: nn.Module,
    ops: Any,
    weight_bits: int,
    act_bits: int,
    method: str,
    scales: Mapping[str, float],
    bit_widths: Mapping[str, int] | None = None,
) -> nn.Module:
    """Return what `quantize_model` returns, at known `scales` {layer: input scale}.

    There is one scale for every layer but conv1.
    """
    names, bit_widths = quantizable_layers(model), bit_widths or {}
    _check_bits(names, weight_bits, act_bits, method, bit_widths)
    quantized = copy.deepcopy(model)
    for name in names:
        first = name == FIRST_LAYER
        if first and name not in bit_widths:
            continue
        layer = quantized.get_submodule(name)
        quantizer = LayerQuantizer(
            InAnyForm(ops), bit_widths.get(name, weight_bits), None if first else act_bits, method
        )
        kind = QuantConv2d if isinstance(layer, nn.Conv2d) else QuantLinear
        replacement = kind(name, layer, quantizer, 1.0 if first else scales[name])  # type: ignore[arg-type]
        parent, _, child = name.rpartition(".")
        setattr(quantized.get_submodule(parent), child, replacement)
    return quantized.eval()


def quantizable_layers(model: nn.Module) -> list[str]:
    """Return the names of all convolutions and linear layers, in the order of the modules.

    Examples:
        >>> from torch import nn
        >>> quantizable_layers(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Linear(2, 5)))
        ['0', '2']
    """
    kinds = (nn.Conv2d, nn.Linear)
    return [name for name, module in model.named_modules() if isinstance(module, kinds)]


def _check_bits(
    names: list[str],
    weight_bits: int,
    act_bits: int,
    method: str,
    bit_widths: Mapping[str, int],
) -> None:
    if method not in METHODS:
        raise QuantizationError(
            f"There is no method {method!r}: choose one of {', '.join(METHODS)}."
        )
    unknown = sorted(set(bit_widths) - set(names))
    if unknown:
        raise QuantizationError(
            f"bit_widths contains {unknown[0]!r}, but the layers of this network are "
            f"{', '.join(names)}."
        )
    if act_bits not in ACT_BITS:
        raise QuantizationError(f"act_bits: expected 1 to 16, got {act_bits!r}.")
    for name, bits in {"weight_bits": weight_bits, **bit_widths}.items():
        if bits not in WEIGHT_BITS:
            raise QuantizationError(f"{name}: expected 1 to 8 bits for weights, got {bits!r}.")
