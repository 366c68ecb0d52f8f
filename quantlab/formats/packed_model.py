"""The packed model: a ResNet-20 at exactly the size that question 3 counts, in one file.

Little-endian, in this order:

    header     46 bytes: MAGIC, the version (uint16), the data set's name (16 ASCII bytes, zeros
               behind it) and the bit width of each of the 20 layers (uint8 each), conv1 to fc
    scales     float32, one for each layer of 1 bit and more                              counted
    codes      of each such layer: its weights in C order, b bits each in two's complement, the
               lowest bit first, without gaps; zero bits fill the last byte               counted
    floats     float32: batch norm and fc.bias, in the order of the `state_dict`
    checksum   BLAKE2b of all of the above, 16 bytes

A layer of b bits has codes -2^(b-1) .. 2^(b-1) - 1, b from 1 (-1 and 0) to 8. 0 bits remove a
convolution inside a residual branch: it returns zeros, which the batch norm after it turns into one
constant per channel. Such a layer has neither codes nor a scale.

The size of a model counts ceil(weights b / 8) bytes for each layer, and 4 for each scale. Header,
floats and checksum are the same for every model and do not count; `Size` lists them.

Every function raises `BadPackedModel` for what is not valid. `unpack` trusts no byte and takes no
more memory than a model needs. `parse` trusts no value that another process read from a file.
"""

import hashlib
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from quantlab.atomic_files import write_atomically
from quantlab.errors import BadPackedModel, BadSavedModel
from quantlab.formats.packed_codes import pack_codes, unpack_codes
from quantlab.formats.packed_magic import MAGIC
from quantlab.formats.validate_values import code_tensor, float_tensor, positive_scale
from quantlab.network.resnet import layer_sizes, state_shapes

VERSION = 1
HEADER = struct.Struct("<8sH16s20B")
CHECKSUM_BYTES = 16
SCALE_BYTES = 4  # float32
LAYERS = tuple(layer_sizes())
SHAPES = state_shapes()
REMOVABLE = frozenset(name for name in LAYERS if "." in name)  # inside a residual branch
FLOATS = tuple(name for name in SHAPES if name not in {f"{layer}.weight" for layer in LAYERS})
WIDEST = 8
LONGEST_NAME = 16


@dataclass(frozen=True)
class PackedModel:
    """A ResNet-20 with a bit width per layer.

    Attributes:
        dataset: The name of the data set.
        bit_widths: {layer: 0 to 8} for all 20 layers.
        codes: int8 in the shape of the weights, for layers of 1 bit and more.
        scales: float32 numbers, for the same layers.
        tensors: Batch norm and fc.bias, float32.
    """

    dataset: str
    bit_widths: Mapping[str, int]
    codes: Mapping[str, Tensor]
    scales: Mapping[str, float]
    tensors: Mapping[str, Tensor]

    def weight(self, layer: str) -> Tensor:
        """Return code times scale, float32; zeros for a removed layer."""
        if self.bit_widths[layer] == 0:
            return torch.zeros(SHAPES[f"{layer}.weight"])
        return self.codes[layer].float() * self.scales[layer]


@dataclass(frozen=True)
class Size:
    """The size of a model in bytes.

    Attributes:
        counted: The codes and scales, which question 3 counts.
        floats: The float32 tensors.
        file: The whole file.
        entropy: Weights times the entropy of their codes, summed over layers, and the scales. No
            code for single weights is shorter.
    """

    counted: int
    floats: int
    file: int
    entropy: float


def layer_bytes(weights: int, bits: int) -> int:
    """Return the counted bytes of a layer: its codes, and its scale if it has any.

    Examples:
        >>> layer_bytes(weights=640, bits=2)
        164
    """
    return -(-weights * bits // 8) + (SCALE_BYTES if bits else 0)


def counted_bytes(bit_widths: Mapping[str, int], sizes: Mapping[str, int] | None = None) -> int:
    """Return the size by the rules of question 3; `sizes` {layer: weights} default to ResNet-20."""
    weights = layer_sizes() if sizes is None else sizes
    return sum(layer_bytes(weights[name], bits) for name, bits in bit_widths.items())


def kibibytes(bit_widths: Mapping[str, int], sizes: Mapping[str, int] | None = None) -> float:
    """Return `counted_bytes` in KiB of 1,024 bytes.

    Examples:
        >>> kibibytes({"conv1": 8, "fc": 4}, sizes={"conv1": 432, "fc": 640})
        0.7421875
    """
    return counted_bytes(bit_widths, sizes) / 1024


def allowed_bits(layer: str) -> range:
    """Return the widths that a layer may have: from 0 inside a residual branch, else from 1.

    Examples:
        >>> allowed_bits("layer1.0.conv1"), allowed_bits("fc")
        (range(0, 9), range(1, 9))
    """
    return range(0 if layer in REMOVABLE else 1, WIDEST + 1)


def size(model: PackedModel) -> Size:
    """Return the size of a model that `pack` accepts."""
    entropy = float(SCALE_BYTES * len(model.scales))
    for codes in model.codes.values():
        _, counts = np.unique(codes.numpy(), return_counts=True)
        entropy -= float((counts * np.log2(counts / codes.numel())).sum()) / 8
    return Size(
        counted=counted_bytes(model.bit_widths),
        floats=4 * sum(prod(SHAPES[name]) for name in FLOATS),
        file=_file_bytes(model.bit_widths),
        entropy=entropy,
    )


def pack(model: PackedModel) -> bytes:
    """Return the file of a model, the same bytes for the same model.

    Raises:
        BadPackedModel: The model is not valid.
    """
    model = parse(values(model))
    widths = [model.bit_widths[name] for name in LAYERS]
    kept = [name for name in LAYERS if model.bit_widths[name]]
    parts = [HEADER.pack(MAGIC, VERSION, model.dataset.encode("ascii"), *widths)]
    parts += [struct.pack("<f", model.scales[name]) for name in kept]
    parts += [pack_codes(model.codes[name].numpy(), model.bit_widths[name]) for name in kept]
    parts += [model.tensors[name].numpy().astype("<f4").tobytes() for name in FLOATS]
    content = b"".join(parts)
    return content + _checksum(content)


def unpack(content: bytes) -> PackedModel:
    """Return the model in untrusted bytes.

    Raises:
        BadPackedModel: The bytes are not a packed model.
    """
    return parse(_values_in(content))


def save(model: PackedModel, path: str | os.PathLike[str]) -> None:
    """Write `pack(model)` atomically.

    Raises:
        BadPackedModel: The model is not valid.
        OSError: The file cannot be written.
    """
    content = pack(model)
    write_atomically(path, lambda stream: stream.write(content))


def load(path: str | os.PathLike[str]) -> PackedModel:
    """Return the model in a file.

    Raises:
        BadPackedModel: The file cannot be read or is not a packed model.
    """
    try:
        with Path(path).open("rb") as stream:  # at most one byte more than a model has
            return unpack(stream.read(_file_bytes(dict.fromkeys(LAYERS, WIDEST)) + 1))
    except OSError as problem:
        raise BadPackedModel(
            f"{path} cannot be read ({problem.strerror}): check the name and the folder."
        ) from None
    except BadPackedModel as problem:
        raise BadPackedModel(f"{Path(path).name}: {problem}") from None


# Values and their checks --------------------------------------------------------------------------


def values(model: PackedModel) -> dict[str, Any]:
    """Return the model as flat names and plain values, for `parse` outside the sandbox."""
    flat: dict[str, Any] = {"dataset": model.dataset, **model.tensors}
    flat |= {f"{name}.bits": bits for name, bits in model.bit_widths.items()}
    flat |= {f"{name}.weight_int": codes for name, codes in model.codes.items()}
    flat |= {f"{name}.weight_scale": scale for name, scale in model.scales.items()}
    return flat


def parse(flat: Mapping[str, Any]) -> PackedModel:
    """Return the model that untrusted `flat` values describe.

    Raises:
        BadPackedModel: A value is not valid; the message is about the first one.
    """
    widths = {name: _width(name, flat.get(f"{name}.bits")) for name in LAYERS}
    kept = [name for name in LAYERS if widths[name]]
    expected = {"dataset", *FLOATS, *(f"{name}.bits" for name in LAYERS)}
    expected |= {f"{name}.{end}" for name in kept for end in ("weight_int", "weight_scale")}
    for name in sorted(expected ^ set(flat), key=str):
        what = "is missing" if name in expected else "has no place in a model of these widths"
        raise BadPackedModel(
            f"{str(name)!a:.80} {what}: write the file with quantlab.formats.packed_model.save."
        )
    try:
        model = PackedModel(
            dataset=_name(flat["dataset"]),
            bit_widths=widths,
            codes={name: _codes(name, flat[f"{name}.weight_int"], widths[name]) for name in kept},
            scales={
                name: positive_scale(f"{name}.weight_scale", flat[f"{name}.weight_scale"])
                for name in kept
            },
            tensors={name: float_tensor(name, flat[name], SHAPES[name]) for name in FLOATS},
        )
    except BadSavedModel as problem:
        raise BadPackedModel(str(problem)) from None
    for name, tensor in model.tensors.items():
        if name.endswith("running_var") and bool((tensor < 0).any()):
            raise BadPackedModel(
                f"{name} holds the negative variance {float(tensor.min()):g}: write the file "
                "again from a model that works."
            )
    return model


def _width(layer: str, bits: Any) -> int:
    if type(bits) is int and bits in allowed_bits(layer):
        return bits
    if type(bits) is int and bits == 0:
        raise BadPackedModel(
            f"{layer} has 0 bits, but only a convolution inside a residual branch can be removed: "
            "give it 1 bit or more."
        )
    raise BadPackedModel(f"{layer} has the bit width {bits!a:.20}: give it one from 1 to {WIDEST}.")


def _codes(layer: str, value: Any, bits: int) -> Tensor:
    codes = code_tensor(f"{layer}.weight_int", value, SHAPES[f"{layer}.weight"])
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    outside = codes[(codes < low) | (codes > high)]
    if len(outside):
        raise BadPackedModel(
            f"{layer} holds the code {int(outside[0])}, outside {low}..{high} for its {bits} bits: "
            "quantize it to that width, or give it the width that its codes need."
        )
    return codes.to(torch.int8)


def _name(value: Any) -> str:
    plain = isinstance(value, str) and value.isascii() and value.isprintable()
    if plain and 0 < len(value) <= LONGEST_NAME:
        return str(value)
    raise BadPackedModel(
        f"The data set is called {value!a:.40}: give it 1 to {LONGEST_NAME} printable ASCII "
        "characters."
    )


# Bytes --------------------------------------------------------------------------------------------


def _values_in(content: bytes) -> dict[str, Any]:
    """Return flat values for `parse`, after a check of length and checksum."""
    if not content.startswith(MAGIC):
        raise BadPackedModel(
            "This does not begin as a packed model: write it with "
            "quantlab.formats.packed_model.save."
        )
    if len(content) < HEADER.size:
        raise _other_length(len(content), HEADER.size)
    _, version, name, *bits = HEADER.unpack_from(content)
    if version != VERSION:
        raise BadPackedModel(
            f"Expected version {VERSION} of the format, got version {version}: write it with the "
            "quantlab.formats.packed_model of this kit."
        )
    widths = {layer: _width(layer, b) for layer, b in zip(LAYERS, bits, strict=True)}
    if len(content) != _file_bytes(widths):
        raise _other_length(len(content), _file_bytes(widths))
    if content[-CHECKSUM_BYTES:] != _checksum(content[:-CHECKSUM_BYTES]):
        raise BadPackedModel("The checksum does not fit the content: save or copy the file again.")
    flat: dict[str, Any] = {"dataset": name.rstrip(b"\0").decode("latin-1")}
    flat |= {f"{layer}.bits": b for layer, b in widths.items()}
    return flat | _arrays_in(content, widths)


def _arrays_in(content: bytes, widths: Mapping[str, int]) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    take = partial(np.frombuffer, content)
    kept, at = [layer for layer in LAYERS if widths[layer]], HEADER.size
    for layer in kept:
        arrays[f"{layer}.weight_scale"] = float(take("<f4", 1, at)[0])
        at += SCALE_BYTES
    for layer in kept:
        shape = SHAPES[f"{layer}.weight"]
        end = at + layer_bytes(prod(shape), widths[layer]) - SCALE_BYTES
        codes = unpack_codes(content[at:end], prod(shape), widths[layer])
        arrays[f"{layer}.weight_int"] = codes.reshape(shape)
        at = end
    for name in FLOATS:
        arrays[name] = take("<f4", prod(SHAPES[name]), at).reshape(SHAPES[name])
        at += 4 * prod(SHAPES[name])
    return arrays


def _file_bytes(widths: Mapping[str, int]) -> int:
    floats = 4 * sum(prod(SHAPES[name]) for name in FLOATS)
    return HEADER.size + counted_bytes(widths) + floats + CHECKSUM_BYTES


def _other_length(length: int, expected: int) -> BadPackedModel:
    return BadPackedModel(
        f"This has {length:,} bytes where the widths in its header make {expected:,}: save or copy "
        "the file again."
    )


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=CHECKSUM_BYTES).digest()
