"""The file of an integer-only network: an `.npz` of integers, read without pickle.

    "header"              uint8: JSON with "format", "version", "dataset", "weight_bits",
                          "act_bits", "scheme", "largest_stream", "scales" and "layers", which has
                          "name", "shape", "bits", "largest_code" and "stride" of each
    "input_codes"         int8 (3, 256)
    "<layer>.weight"      uint8: the codes, packed at "bits" bits
    "<layer>.factor"      uint8 (out,): the left shift of the codes of each channel
    "<layer>.bias"        int32 (out,)
    "<layer>.m", ".e"     int32 and uint8 (out,): the requantizer; also "<block>.m", "pool.m", ...

A code is stored at the fewest bits that hold it: a fixed-point network keeps the 2 or 4 bits of its
training, and "factor" has the 2^k that fills int8. A written network reads back equal.
"""

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from baselines.errors import BadNetwork, ConversionError
from baselines.integer_only.graph import Block, IntegerNetwork, Layer
from baselines.integer_only.requantize import Requantizer
from quantlab.atomic_files import write_atomically

FORMAT = "integer-resnet20"
VERSION = 1
HEADER = "header"

Array = np.ndarray


def save(network: IntegerNetwork, path: str | os.PathLike[str]) -> None:
    """Write `network` atomically."""
    arrays: dict[str, Array] = {"input_codes": network.input_codes.numpy()}
    layers: list[dict[str, Any]] = []
    for layer in network.layers():
        codes, factors = _without_factors(layer.weight.numpy())
        bits = _bits(codes)
        arrays[f"{layer.name}.weight"] = _pack(codes, bits)
        arrays[f"{layer.name}.factor"] = factors
        arrays[f"{layer.name}.bias"] = layer.bias.numpy()
        arrays |= _requantizer(layer.name, layer.requantizer)
        layers.append(
            {
                "name": layer.name,
                "shape": list(layer.weight.shape),
                "bits": bits,
                "largest_code": layer.largest_code,
                "stride": layer.stride,
            }
        )
    for block in network.blocks:
        arrays |= _requantizer(block.name, block.rescale)
    arrays |= _requantizer("pool", network.pool)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "dataset": network.dataset,
        "weight_bits": network.weight_bits,
        "act_bits": network.act_bits,
        "scheme": network.scheme,
        "largest_stream": network.largest_stream,
        "scales": dict(network.scales),
        "layers": layers,
    }
    arrays[HEADER] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type] # numpy's stub knows a keyword
    write_atomically(path, lambda stream: stream.write(buffer.getvalue()))


def load(path: str | os.PathLike[str]) -> IntegerNetwork:
    """Return the network that `save` wrote. Raise `BadNetwork`."""
    name = Path(path).name
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        header = json.loads(arrays[HEADER].tobytes())
        if (header["format"], header["version"]) != (FORMAT, VERSION):
            raise BadNetwork(
                f"Expected {FORMAT} in version {VERSION}, got {header['format']} in version "
                f"{header['version']} in {name}: write it again with python -m baselines deploy."
            )
        return _network(header, arrays)
    except (
        OSError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        zipfile.BadZipFile,
        ConversionError,
    ) as error:
        raise BadNetwork(
            f"{name} could not be read as an integer-only network ({type(error).__name__}): "
            "write it again with python -m baselines deploy."
        ) from None


def _network(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> IntegerNetwork:
    conv1, *inner, fc = (_layer(description, arrays) for description in header["layers"])
    blocks = []
    for first, second in zip(inner[::2], inner[1::2], strict=True):
        name = first.name.rpartition(".")[0]
        blocks.append(Block(name, _read_requantizer(name, arrays), first, second))
    return IntegerNetwork(
        dataset=header["dataset"],
        weight_bits=header["weight_bits"],
        act_bits=header["act_bits"],
        scheme=header["scheme"],
        input_codes=torch.from_numpy(arrays["input_codes"]),
        conv1=conv1,
        blocks=tuple(blocks),
        pool=_read_requantizer("pool", arrays),
        fc=fc,
        largest_stream=header["largest_stream"],
        scales=header["scales"],
    )


def _layer(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> Layer:
    name, shape = description["name"], tuple(description["shape"])
    codes = _unpack(arrays[f"{name}.weight"], description["bits"], shape)
    factors = arrays[f"{name}.factor"].reshape(-1, *[1] * (len(shape) - 1))
    return Layer(
        name,
        torch.from_numpy((codes << factors).astype(np.int8)),
        torch.from_numpy(arrays[f"{name}.bias"]),
        _read_requantizer(name, arrays),
        description["largest_code"],
        description["stride"],
    )


def _requantizer(name: str, requantizer: Requantizer) -> dict[str, Array]:
    return {
        f"{name}.m": requantizer.m.numpy().astype(np.int32),
        f"{name}.e": requantizer.e.numpy().astype(np.uint8),
    }


def _read_requantizer(name: str, arrays: Mapping[str, Array]) -> Requantizer:
    m, e = (torch.from_numpy(arrays[f"{name}.{end}"].astype(np.int64)) for end in "me")
    return Requantizer(m, e)


def _without_factors(weight: Array) -> tuple[Array, Array]:
    """Return int64 codes of `weight` (out, ...), and the left shift of each channel."""
    codes = weight.astype(np.int64).reshape(len(weight), -1)
    together = np.bitwise_or.reduce(codes, axis=1)
    places = np.array([max((int(bits) & -int(bits)).bit_length() - 1, 0) for bits in together])
    return (codes >> places[:, None]).reshape(weight.shape), places.astype(np.uint8)


def _bits(codes: Array) -> int:
    """Return the fewest bits of a two's complement that hold all `codes`."""
    return max(int(codes.max()).bit_length(), (~int(codes.min())).bit_length(), 0) + 1


def _pack(codes: Array, bits: int) -> Array:
    """Return uint8: the lowest `bits` bits of each code, lowest first, one code after another."""
    planes = (codes.reshape(-1, 1) >> np.arange(bits)) & 1
    return np.packbits(planes.astype(np.uint8), bitorder="little")


def _unpack(packed: Array, bits: int, shape: tuple[int, ...]) -> Array:
    count = int(np.prod(shape))
    planes = np.unpackbits(packed, count=count * bits, bitorder="little").reshape(count, bits)
    values = (planes.astype(np.int64) << np.arange(bits)).sum(axis=1)
    return (values - ((values >> (bits - 1)) << bits)).reshape(shape)
