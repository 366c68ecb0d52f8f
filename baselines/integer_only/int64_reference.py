"""A second, slow implementation of an integer-only network, to compare with.

It shares nothing with `baselines.integer_only.run`: it uses numpy's int64 and Python's integers,
written-out sums of products, products of requantization divided by 2^e in whole numbers, and the
shifts of the shift schemes as shifts. A value that does not fit in int32 raises `OverflowError`, in
addition to the bound that the graph proves for all inputs.
"""

import numpy as np
from torch import Tensor

from baselines.integer_only.graph import IntegerNetwork, Layer
from baselines.integer_only.requantize import Multiplier, Requantizer

Array = np.ndarray


def compute_reference(network: IntegerNetwork, pixels: Tensor) -> dict[str, Array]:
    """Return {name: int64 tensor} as `run.trace` names them, for pixels (N, 3, 32, 32)."""
    tensors: dict[str, Array] = {}
    table = network.input_codes.numpy().astype(np.int64)
    images = pixels.numpy()
    codes = np.stack([table[channel][images[:, channel]] for channel in range(3)], axis=1)
    tensors["input"] = codes
    stream = np.clip(_convolve(network.conv1, codes), 0, network.largest_stream)
    tensors["conv1"] = stream
    for block in network.blocks:
        codes = np.clip(_requantize(stream, block.rescale), 0, network.largest_code)
        tensors[f"{block.name}.codes"] = codes
        codes = np.clip(_convolve(block.first, codes), 0, network.largest_code)
        tensors[f"{block.name}.conv1"] = codes
        branch = _convolve(block.second, codes)
        tensors[f"{block.name}.conv2"] = branch
        stream = np.clip(branch + _shortcut(stream, branch.shape), 0, network.largest_stream)
        tensors[block.name] = stream
    sums = _int32(stream.sum(axis=(2, 3)))
    codes = np.clip(_requantize(sums, network.pool), 0, network.largest_code)
    tensors["pool"] = codes
    weight, bias = network.fc.weight.numpy().astype(np.int64), network.fc.bias.numpy()
    products = codes[:, None, :] * weight[None, :, :]
    tensors["logits"] = _int32(products.sum(axis=2) + bias)
    return tensors


def _convolve(layer: Layer, codes: Array) -> Array:
    """Return the 3 x 3 convolution with padding 1, computed one kernel offset at a time."""
    weight = layer.weight.numpy().astype(np.int64)
    padded = np.pad(codes, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = codes.shape[2] // layer.stride, codes.shape[3] // layer.stride
    sums = np.zeros((len(codes), len(weight), height, width), dtype=np.int64)
    for row in range(3):
        for column in range(3):
            rows = slice(row, row + layer.stride * height, layer.stride)
            columns = slice(column, column + layer.stride * width, layer.stride)
            window = padded[:, :, rows, columns]
            sums += np.einsum("nihw,oi->nohw", window, weight[:, :, row, column])
    biases = layer.bias.numpy().astype(np.int64)[None, :, None, None]
    return _requantize(_int32(_int32(sums) + biases), layer.requantizer)


def _requantize(values: Array, requantizer: Requantizer) -> Array:
    """Return requantized values; sign and magnitude apart, so that ties go away from zero."""
    multipliers = requantizer.multipliers()
    if len(multipliers) == 1:
        multipliers *= values.shape[1]
    channels = [
        np.sign(values[:, channel]) * _rounded(np.abs(values[:, channel]), multiplier)
        for channel, multiplier in enumerate(multipliers)
    ]
    return _int32(np.stack(channels, axis=1))


def _rounded(magnitudes: Array, multiplier: Multiplier) -> Array:
    """Return floor(a m / 2^e + 1/2) for a >= 0; an m of few bits as the sum of its shifts."""
    bits = [place for place in range(31) if multiplier.m >> place & 1]
    if len(bits) <= 2:
        products = sum((magnitudes << place for place in bits), np.zeros_like(magnitudes))
    else:
        products = magnitudes * multiplier.m
    whole, rest = np.divmod(products, np.int64(2**multiplier.e))
    return whole + (rest * 2 >= 2**multiplier.e)


def _shortcut(stream: Array, shape: tuple[int, ...]) -> Array:
    """Return every second pixel where the resolution halves; new channels are zero."""
    step = stream.shape[2] // shape[2]
    kept = stream[:, :, ::step, ::step]
    before = (shape[1] - stream.shape[1]) // 2
    result = np.zeros(shape, dtype=np.int64)
    result[:, before : before + stream.shape[1]] = kept
    return result


def _int32(values: Array) -> Array:
    if values.size and max(int(values.max()), -int(values.min())) > 2**31 - 1:
        raise OverflowError("A value of the integer-only network does not fit in int32.")
    return values
