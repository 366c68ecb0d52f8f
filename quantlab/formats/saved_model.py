"""The saved model: the file format of a quantized ResNet-20, and of its float original.

A saved model is a `torch.save` of one flat dict of plain tensors, numbers and strings, read with
`weights_only=True`. Its keys, for each layer of `LAYERS` (all but conv1):

    "<layer>.weight_int"    int8 codes, -2**(b-1) .. 2**(b-1) - 1 for the b bits of the file's name
    "<layer>.weight_scale"  s_w, a positive number (or a tensor of one element)
    "<layer>.input_scale"   s_x, of unsigned codes 0 .. 2**b - 1
    "fc.bias"               float32 (10,)
    "conv1.weight"          float32 (16, 3, 3, 3): the first convolution stays in floating point
    "bn1.weight", ...       the tensors of batch normalization by their `state_dict` names
    "format", "dataset", "method"   FORMAT, the data set's name, "sym" | "SAWB" | "heuristic"

The bit widths come from the file name (`ResNet20_W8A2.pt`); codes outside them are an error. A bare
`state_dict` with float "<layer>.weight" beside both scales is accepted as well and put on the grid,
round(w / s_w) clipped. So are the wrappings of `unwrap_model`, other integer and floating-point
dtypes, codes that are whole floating-point numbers, and a missing "format", "dataset" or "method".

Every function raises `BadSavedModel` for what is not valid. `parse` trusts none of its values;
`load` and `load_float` open files and are for trusted ones.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from quantlab.atomic_files import write_atomically
from quantlab.errors import BadSavedModel
from quantlab.formats.read_untrusted import read_file
from quantlab.formats.unwrap_model import Unwrapped, plain_tokens, unwrap
from quantlab.formats.validate_values import (
    HOW_TO_SAVE,
    Value,
    code_tensor,
    describe,
    float_tensor,
    positive_scale,
)
from quantlab.network.layers import QuantConv2d, QuantLinear
from quantlab.network.quantization import FIRST_LAYER, quantizable_layers
from quantlab.network.resnet import resnet20, state_shapes

FORMAT = "quantlab-resnet20"
UNKNOWN = "unknown"
INT32_LARGEST = 2**31 - 1
LONGEST_TEXT = 60  # characters of a method or data set


def _layers() -> tuple[str, ...]:
    with torch.device("meta"):
        return tuple(name for name in quantizable_layers(resnet20()) if name != FIRST_LAYER)


SHAPES = state_shapes()  # of the float network, by state_dict name
LAYERS = _layers()  # quantized, in the order of the modules
CODES, WEIGHT, WEIGHT_SCALE, INPUT_SCALE = "weight_int", "weight", "weight_scale", "input_scale"
BIAS = "fc.bias"
SCALES = tuple(f"{layer}.{end}" for layer in LAYERS for end in (WEIGHT_SCALE, INPUT_SCALE))
LAYER_WEIGHTS = frozenset(f"{layer}.{WEIGHT}" for layer in LAYERS)
TENSORS = tuple(name for name in SHAPES if name not in LAYER_WEIGHTS and name != BIAS)
ALLOWED = frozenset(
    [f"{layer}.{end}" for layer in LAYERS for end in (CODES, WEIGHT)]
    + [*SCALES, *TENSORS, BIAS, "format", "dataset", "method"]
)
# A float network from `quantize_model` has scales, which question 3 computes again.
FLOAT_SCALES = (*SCALES, f"{FIRST_LAYER}.{WEIGHT_SCALE}", f"{FIRST_LAYER}.{INPUT_SCALE}")


@dataclass(frozen=True)
class SavedLayer:
    """One quantized layer: int8 codes, float32 scales as Python floats, float32 bias or None."""

    weight_int: Tensor
    weight_scale: float
    input_scale: float
    bias: Tensor | None


@dataclass(frozen=True)
class SavedModel:
    """A quantized ResNet-20: `layers` by name, and `tensors`: conv1's weight and those of BN."""

    method: str
    dataset: str
    weight_bits: int
    act_bits: int
    layers: Mapping[str, SavedLayer]
    tensors: Mapping[str, Tensor]


def parse_name(name: str) -> tuple[int, int]:
    """Return the bits of weights and activations that the name of a saved model contains.

    Raises:
        BadSavedModel: The name contains none.

    Examples:
        >>> parse_name("ResNet20_W8A2.pt")
        (8, 2)
    """
    match = re.fullmatch(r"ResNet20_W([1-8])A([1-8])\.pt", name)
    if not match:
        raise BadSavedModel(
            f"The file name {name!r:.100} does not say its bit widths: rename it to "
            "ResNet20_W<weight bits>A<activation bits>.pt, such as ResNet20_W8A2.pt."
        )
    return int(match[1]), int(match[2])


def save(model: nn.Module, path: str | os.PathLike[str], dataset: str, method: str) -> None:
    """Write a model from `quantize_model` (at its stored scales) to e.g. `ResNet20_W8A8.pt`.

    `dataset` is the name of its data set.

    Raises:
        BadSavedModel: The model does not fit this format, or has other widths than the file name.
    """
    saved = saved_model(model, dataset, method)
    named = parse_name(Path(path).name)
    if named != (saved.weight_bits, saved.act_bits):
        raise BadSavedModel(
            f"{Path(path).name} promises W{named[0]}A{named[1]}, but the model is "
            f"W{saved.weight_bits}A{saved.act_bits}: name the file by the model's widths."
        )
    to_file(saved, path)


def saved_model(model: nn.Module, dataset: str, method: str) -> SavedModel:
    """Return a ResNet-20 from `quantize_model` as plain data.

    The model may be wrapped by torch.compile, DataParallel or AveragedModel. It is put in
    evaluation mode: its scales are then those of its last weights.

    Raises:
        BadSavedModel: A layer is not quantized as this format requires.
    """
    model.eval()
    values: dict[str, Any] = _plain(model.state_dict())
    modules = _plain(dict(model.named_modules()))
    widths = set()
    for name in LAYERS:
        layer = modules.get(name)
        if not isinstance(layer, (QuantConv2d, QuantLinear)):
            raise BadSavedModel(
                f"{name} is a {type(layer).__name__}, but a saved model has every layer besides "
                "conv1 quantized: make it with quantize_model(resnet20(), ...)."
            )
        widths.add((layer.quantizer.weight_bits, layer.quantizer.act_bits))
        values[f"{name}.{CODES}"] = layer.weight_codes().to(torch.int8)
        del values[f"{name}.{WEIGHT}"]
    if len(widths) > 1 or isinstance(modules[FIRST_LAYER], QuantConv2d):
        raise BadSavedModel(
            "The layers of this model have different bit widths, or conv1 is quantized, but a "
            "file W<bits>A<bits> has one width and a float conv1: save without bit_widths."
        )
    weight_bits, act_bits = widths.pop()
    values |= {"format": FORMAT, "dataset": dataset, "method": method}
    return parse(values, weight_bits, act_bits or 0)


def _plain(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's values or modules without what wrappers add to their names."""
    return {".".join(plain_tokens(name)): value for name, value in named.items()}


def to_file(saved: SavedModel, path: str | os.PathLike[str]) -> None:
    """Write `saved` atomically in the format of the module docstring, about 300 KB."""
    values: dict[str, Any] = {
        "format": FORMAT,
        "dataset": saved.dataset,
        "method": saved.method,
        **{name: tensor.contiguous() for name, tensor in saved.tensors.items()},
    }
    for name, layer in saved.layers.items():
        values[f"{name}.{CODES}"] = layer.weight_int.contiguous()
        values[f"{name}.{WEIGHT_SCALE}"] = layer.weight_scale
        values[f"{name}.{INPUT_SCALE}"] = layer.input_scale
        if layer.bias is not None:
            values[f"{name}.bias"] = layer.bias
    write_atomically(path, lambda stream: torch.save(values, stream))


def load(path: str | os.PathLike[str]) -> SavedModel:
    """Return the model in a *trusted* file, named by its widths. Raises `BadSavedModel`."""
    weight_bits, act_bits = parse_name(Path(path).name)
    return parse(read_file(path), weight_bits, act_bits)


def load_float(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the float32 `state_dict` in a *trusted* file. Raises `BadSavedModel`."""
    return parse_float(read_file(path))


def unwrap_float(values: Any) -> Unwrapped:
    """Return the float network in untrusted `values`. Raises `BadSavedModel` if there are two."""
    unwrapped = unwrap(values, frozenset((*SHAPES, *FLOAT_SCALES)), LAYER_WEIGHTS)
    kept = {name: v for name, v in unwrapped.values.items() if name not in FLOAT_SCALES}
    return Unwrapped(kept, unwrapped.notes)


def unwrap_quantized(values: Any) -> Unwrapped:
    """Return the quantized model in untrusted `values`. Raises `BadSavedModel` if there are two."""
    return unwrap(values, ALLOWED, SCALES)


def parse_float(values: Any) -> dict[str, Tensor]:
    """Return the float32 `state_dict` in untrusted `values`.

    Raises:
        BadSavedModel: The values are not those of a float ResNet-20.
    """
    values = unwrap_float(values).values
    _check_names(values, required=set(SHAPES), allowed=set(SHAPES))
    return {name: float_tensor(name, values[name], SHAPES[name]) for name in SHAPES}


def parse(values: Mapping[str, Value], weight_bits: int, act_bits: int) -> SavedModel:
    """Return the saved model that untrusted `values` (see the module docstring) describe.

    Values may be torch tensors, numpy arrays, numbers or strings.

    Raises:
        BadSavedModel: A value is not valid; the message is about the first one.
    """
    if weight_bits not in range(1, 9) or act_bits not in range(1, 9):
        raise BadSavedModel(
            "Expected 1 to 8 bits for weights and activations of a saved model, got "
            f"W{weight_bits}A{act_bits}."
        )
    values = unwrap_quantized(values).values
    name = values.get("format", FORMAT)
    if not (isinstance(name, str) and name == FORMAT):
        raise BadSavedModel(f"format is {describe(name)}, not {FORMAT!r}: {HOW_TO_SAVE}.")
    weights = {
        name: f"{name}.{WEIGHT if f'{name}.{WEIGHT}' in values else CODES}" for name in LAYERS
    }
    _check_names(values, {*weights.values(), *SCALES, *TENSORS, BIAS}, ALLOWED)
    for name in LAYERS:
        if weights[name].endswith(WEIGHT) and f"{name}.{CODES}" in values:
            raise BadSavedModel(
                f"{name} has both weight and weight_int, of which only one can be right: "
                f"{HOW_TO_SAVE}, or leave one of them out."
            )
    layers = {name: _layer(values, name, weights[name], weight_bits) for name in LAYERS}
    tensors = {name: float_tensor(name, values[name], SHAPES[name]) for name in TENSORS}
    for name, tensor in tensors.items():
        if name.endswith("running_var") and bool((tensor < 0).any()):
            raise BadSavedModel(
                f"{name} holds the negative variance {float(tensor.min()):g}: {HOW_TO_SAVE} "
                "again from a model that works."
            )
    return SavedModel(
        method=_text(values, "method"),
        dataset=_text(values, "dataset"),
        weight_bits=weight_bits,
        act_bits=act_bits,
        layers=layers,
        tensors=tensors,
    )


def _check_names(
    values: Mapping[str, Any], required: set[str], allowed: set[str] | frozenset[str]
) -> None:
    missing = [name for name in sorted(required) if name not in values]
    extra = [name for name in values if name not in allowed]
    if len(missing) > len(required) // 2:
        present = f"for example {next(iter(values))[:80]!r}" if values else "it is empty"
        raise BadSavedModel(
            f"This is not the ResNet-20 of this kit: {len(missing)} of its {len(required)} names "
            f"are missing, such as {missing[0]!r}, and of the names it has, {present}: build the "
            f"model with quantlab.network.resnet.resnet20() and {HOW_TO_SAVE}."
        )
    if missing:
        raise BadSavedModel(
            f"{missing[0]} is missing ({len(missing)} of {len(required)} names are): {HOW_TO_SAVE}."
        )
    if extra:
        raise BadSavedModel(
            f"{extra[0][:80]!r} is no name of a saved ResNet-20 of this kit (one of {len(extra)}): "
            "leave it out if it means nothing, and save the kit's network if it is a layer."
        )


def _layer(values: Mapping[str, Any], name: str, weight_name: str, weight_bits: int) -> SavedLayer:
    weight_scale = positive_scale(f"{name}.{WEIGHT_SCALE}", values[f"{name}.{WEIGHT_SCALE}"])
    input_scale = positive_scale(f"{name}.{INPUT_SCALE}", values[f"{name}.{INPUT_SCALE}"])
    shape = SHAPES[f"{name}.{WEIGHT}"]
    low, high = -(2 ** (weight_bits - 1)), 2 ** (weight_bits - 1) - 1
    if weight_name.endswith(f".{WEIGHT}"):
        weight = float_tensor(weight_name, values[weight_name], shape)
        codes = torch.round(weight / torch.tensor(weight_scale)).clamp(low, high)
    else:
        codes = code_tensor(weight_name, values[weight_name], shape)
        outside = codes[(codes < low) | (codes > high)]
        if len(outside):
            raise BadSavedModel(
                f"{weight_name} holds the code {int(outside[0])}, outside {low}..{high} for "
                f"{weight_bits} bits: the file name promises W{weight_bits}, so quantize to that "
                "width or name the file by the width it has."
            )
    bias = None
    if name == BIAS.removesuffix(".bias"):
        bias = float_tensor(BIAS, values[BIAS], SHAPES[BIAS])
        largest = float(bias.double().abs().max()) / (weight_scale * input_scale)
        if not largest < INT32_LARGEST:
            raise BadSavedModel(
                f"{BIAS} / (input_scale * weight_scale) reaches {largest:g}, which does not fit in "
                "int32: the scales of fc are too small for it, so calibrate them again."
            )
    return SavedLayer(codes.to(torch.int8), weight_scale, input_scale, bias)


def _text(values: Mapping[str, Any], name: str) -> str:
    """Return a description of the file, printable and short; it decides nothing."""
    value = values.get(name)
    text = value if isinstance(value, str) else UNKNOWN
    return "".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT]).strip() or UNKNOWN
