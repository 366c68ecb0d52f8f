"""What an integer-only network computes, written a second time to be compared with, slowly.

Nothing here is shared with `baselines.integer_only.run`: numpy's int64 and Python's integers, sums
of products written out, products of requantization divided by 2^e in whole numbers, the shifts of
the shift schemes as shifts. Whatever would leave int32 on the way raises `OverflowError` here, on
the numbers at hand, beside the bound that the graph proves for all numbers.
"""

import numpy as np
from torch import Tensor

from baselines.integer_only.graph import IntegerNetwork, Layer
from baselines.integer_only.requantize import Multiplier, Requantizer

Array = np.ndarray


def describe(network: IntegerNetwork, pixels: Tensor) -> dict[str, Array]:
    """Every tensor that `run.trace` names, int64, for uint8 pixels (N, 3, 32, 32)."""
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
    """The 3 x 3 convolution with padding 1, one offset of the kernel after the other."""
    weight = layer.weight.numpy().astype(np.int64)
    padded = np.pad(codes, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = codes.shape[2] // layer.stride, codes.shape[3] // layer.stride
    sums = np.zeros((len(codes), len(weight), height, width), dtype=np.int64)
    for row in range(3):
        for column in range(3):
            rows = slice(row, row + layer.stride * height, layer.stride)
            columns = slice(column, column + layer.stride * width, layer.stride)
            seen = padded[:, :, rows, columns]
            sums += np.einsum("nihw,oi->nohw", seen, weight[:, :, row, column])
    biases = layer.bias.numpy().astype(np.int64)[None, :, None, None]
    return _requantize(_int32(_int32(sums) + biases), layer.requantizer)


def _requantize(values: Array, requantizer: Requantizer) -> Array:
    """Channel by channel; sign and magnitude apart, so that ties move away from zero."""
    multipliers = requantizer.multipliers()
    if len(multipliers) == 1:
        multipliers *= values.shape[1]
    channels = [
        np.sign(values[:, channel]) * _rounded(np.abs(values[:, channel]), multiplier)
        for channel, multiplier in enumerate(multipliers)
    ]
    return _int32(np.stack(channels, axis=1))


def _rounded(magnitudes: Array, multiplier: Multiplier) -> Array:
    """floor(a m / 2^e + 1/2) for a >= 0; an m of few bits as the sum of its shifts."""
    bits = [place for place in range(31) if multiplier.m >> place & 1]
    if len(bits) <= 2:
        products = sum((magnitudes << place for place in bits), np.zeros_like(magnitudes))
    else:
        products = magnitudes * multiplier.m
    whole, rest = np.divmod(products, np.int64(2**multiplier.e))
    return whole + (rest * 2 >= 2**multiplier.e)


def _shortcut(stream: Array, shape: tuple[int, ...]) -> Array:
    """Every second pixel where the resolution halves; the new channels are zero."""
    step = stream.shape[2] // shape[2]
    kept = stream[:, :, ::step, ::step]
    before = (shape[1] - stream.shape[1]) // 2
    result = np.zeros(shape, dtype=np.int64)
    result[:, before : before + stream.shape[1]] = kept
    return result


def _int32(values: Array) -> Array:
    if values.size and max(int(values.max()), -int(values.min())) > 2**31 - 1:
        raise OverflowError("A value of the integer-only network is no int32 number.")
    return values
