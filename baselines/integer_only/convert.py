"""Convert a saved model to an integer-only network.

A convolution with its batch norm is an affine function of the accumulator, per channel,

    y = A acc + C,    A = s_x s_w gamma / (sigma s_y),    C = (beta - gamma mu / sigma) / s_y,

where s_y is the scale of the output: the input scale of the next convolution, or that of the
stream. In integers it is y = P (r acc + C / P). P > 0 is the requantizer's multiplier, r = A / P is
multiplied into the weights, and C / P is the int32 bias. P depends on the scheme:

* "fixed-point": r is the power of two, with the sign of gamma, that fills int8, so that weights
  stay exact. This gives the bias a finer unit: at 2 bits an accumulator is a small integer, and
  half a unit of it is not small beside the distance of two codes.
* the shifts: the smallest P of the scheme for which the weights fit int8. They are rounded, like
  N2D2's, but at the 8 bits in which they are stored, not at their own width.
* where C / P does not fit in int32, as with a gamma of nearly 0 (a dead channel): P = |C| / 2^30.
  The weights, rounded at this coarser unit, mostly vanish: they contributed far less than one code.

conv1, which a saved model keeps in floating point, has signed 8-bit weights, one scale per output
channel, and signed 8-bit inputs. The stream's scale is measured on training images: twice the
largest value of any addition there fits 16 bits.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.errors import ConversionError
from baselines.integer_only.graph import (
    INT32_LARGEST,
    LARGEST_INPUT,
    STREAM_BITS,
    Block,
    IntegerNetwork,
    Layer,
)
from baselines.integer_only.requantize import (
    SCHEMES,
    Multiplier,
    Requantizer,
    multiplier_at_least,
    nearest_multiplier,
)
from baselines.integer_only.run import largest_magnitudes
from quantlab.data.images import normalize
from quantlab.formats.saved_model import LAYERS, SavedModel
from quantlab.network.resnet import batch_norm_affine

INT8_LARGEST = 127
LARGEST_BIAS = 2**30  # leaves half of int32 to the sum of products
HEADROOM = 2  # of the stream, beyond its largest value on the calibration images
TRIAL_STREAM = 2**22  # the range of the stream while its largest value is measured
SIGMAS = 8  # no normalized channel exceeds beta + 8 gamma
POOLED = 64  # values of a channel that are averaged


def convert(saved: SavedModel, images: Tensor, scheme: str = SCHEMES[0]) -> IntegerNetwork:
    """Return the integer-only network of `saved`, its stream calibrated on `images`.

    The ten conversions of the stream to codes have no weights beside them and are fixed-point in
    every scheme.

    Args:
        saved: The model.
        images: uint8 training images (N, 3, 32, 32).
        scheme: One of `SCHEMES`.

    Raises:
        ConversionError: The model has no integer-only network.
        ValueError: There is no such scheme.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"There is no scheme {scheme!r}: choose one of {', '.join(SCHEMES)}.")
    if len(images) == 0:
        raise ConversionError("There are no calibration images: give at least one.")
    trial_scale = _bound_of_stream(saved) / TRIAL_STREAM
    trial = _network(saved, SCHEMES[0], trial_scale, 2 * TRIAL_STREAM)
    reached = largest_magnitudes(trial, images)
    largest = max(reached[name] for name in ("conv1", *(block.name for block in trial.blocks)))
    largest_stream = 2**STREAM_BITS - 1
    # A network whose stream is 0 everywhere codes it as 0 at any scale.
    scale = HEADROOM * max(largest, 1) * trial_scale / largest_stream
    return _network(saved, scheme, scale, largest_stream)


def input_code_table(scale: float) -> Tensor:
    """Return int8 (3, 256): the code at `scale` of each channel's normalized pixel values."""
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 1, 256).expand(1, 3, 1, 256)
    codes = torch.round(normalize(pixels)[0, :, 0].double() / scale)
    return codes.clamp(-LARGEST_INPUT, LARGEST_INPUT).to(torch.int8)


def _input_scale() -> float:
    """Return the scale at which the largest normalized pixel has the largest code."""
    extremes = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    return float(normalize(extremes).abs().max()) / LARGEST_INPUT


def _network(
    saved: SavedModel, scheme: str, stream_scale: float, largest_stream: int
) -> IntegerNetwork:
    scales = {
        "input": _input_scale(),
        "stream": stream_scale,
        **{name: layer.input_scale for name, layer in saved.layers.items()},
    }
    largest_code = 2**saved.act_bits - 1
    fc = saved.layers["fc"]
    scales["logits"] = fc.input_scale * fc.weight_scale
    blocks = []
    for name in dict.fromkeys(layer.rpartition(".")[0] for layer in LAYERS if "." in layer):
        first, second = f"{name}.conv1", f"{name}.conv2"
        codes = saved.layers[first].weight_int
        stride = 1 if codes.shape[0] == codes.shape[1] else 2
        blocks.append(
            Block(
                name,
                Requantizer.of(nearest_multiplier(stream_scale / scales[first])),
                _folded(saved, scheme, first, f"{name}.bn1", scales[second], stride),
                _folded(saved, scheme, second, f"{name}.bn2", stream_scale, 1),
            )
        )
    return IntegerNetwork(
        dataset=saved.dataset,
        weight_bits=saved.weight_bits,
        act_bits=saved.act_bits,
        scheme=scheme,
        input_codes=input_code_table(scales["input"]),
        conv1=_first_layer(saved, scheme, scales["input"], stream_scale),
        blocks=tuple(blocks),
        pool=Requantizer.of(nearest_multiplier(stream_scale / (POOLED * scales["fc"]))),
        fc=_classifier(saved, largest_code),
        largest_stream=largest_stream,
        scales=scales,
    )


def _folded(
    saved: SavedModel, scheme: str, name: str, norm: str, out_scale: float, stride: int
) -> Layer:
    """Return a saved convolution and its batch norm as a layer, to outputs at `out_scale`."""
    layer = saved.layers[name]
    gain, offset = batch_norm_affine(saved.tensors, norm)
    gain = gain * (layer.input_scale * layer.weight_scale)
    channels = [
        _channel(codes, a / out_scale, c / out_scale, scheme)
        for codes, a, c in zip(layer.weight_int, gain.tolist(), offset.tolist(), strict=True)
    ]
    return _layer(name, channels, 2**saved.act_bits - 1, stride)


def _first_layer(saved: SavedModel, scheme: str, input_scale: float, stream_scale: float) -> Layer:
    gain, offset = batch_norm_affine(saved.tensors, "bn1")
    channels = []
    for weight, a, c in zip(
        saved.tensors["conv1.weight"].double(), gain.tolist(), offset.tolist(), strict=True
    ):
        scale = float(weight.abs().max()) / INT8_LARGEST or 1.0  # a channel of zeros has any
        codes = torch.round(weight / scale).to(torch.int8)
        gain_of_codes = a * scale * input_scale / stream_scale
        channels.append(_channel(codes, gain_of_codes, c / stream_scale, scheme))
    return _layer("conv1", channels, LARGEST_INPUT, 1)


def _classifier(saved: SavedModel, largest_code: int) -> Layer:
    """Return the last layer; its classes keep one scale s_x s_w, to be comparable."""
    layer = saved.layers["fc"]
    scale = layer.input_scale * layer.weight_scale
    assert layer.bias is not None  # `quantlab.formats.saved_model` reads no fc without one
    biases = torch.round(layer.bias.double() / scale).tolist()
    channels = [
        _Channel(codes, int(bias), Multiplier(1, 0))
        for codes, bias in zip(layer.weight_int, biases, strict=True)
    ]
    return _layer("fc", channels, largest_code, 1)


def _bound_of_stream(saved: SavedModel) -> float:
    """Return a bound of the stream: no normalized channel exceeds beta + 8 gamma."""
    norms = [name.removesuffix(".weight") for name in saved.tensors if name.endswith(".weight")]
    stream = [name for name in norms if name == "bn1" or name.endswith(".bn2")]
    bounds = [
        float(
            (saved.tensors[f"{name}.weight"].abs() * SIGMAS + saved.tensors[f"{name}.bias"].abs())
            .double()
            .max()
        )
        for name in stream
    ]
    return sum(bounds) or 1.0


@dataclass(frozen=True)
class _Channel:
    """One output channel: int8 codes, an int32 bias, the multiplier of their sum."""

    codes: Tensor
    bias: int
    multiplier: Multiplier


def _channel(codes: Tensor, a: float, c: float, scheme: str) -> _Channel:
    """Return integers for y = a (sum of codes times inputs) + c (module docstring)."""
    if not (math.isfinite(a) and math.isfinite(c)):
        raise ConversionError(
            "A batch norm has an output that is not finite: its variance is 0 or its parameters "
            "are not finite. Save the model again from one that works."
        )
    low, high = sorted(math.copysign(1, a) * int(code) for code in codes.long().aminmax())
    smallest = abs(c) / LARGEST_BIAS
    if scheme != SCHEMES[0]:
        fills = abs(a) * max(-low / (INT8_LARGEST + 1), high / INT8_LARGEST)
        multiplier = multiplier_at_least(max(fills, smallest), scheme)
        real = float(multiplier)
    else:
        real = max(abs(a) / _filling(low, high), smallest)
        multiplier = nearest_multiplier(real)
    ratio = a / real if real else 0.0
    weights = torch.round(codes.double() * ratio).clamp(-INT8_LARGEST - 1, INT8_LARGEST)
    bias = round(c / real) if real else 0
    return _Channel(weights.to(torch.int8), bias, multiplier)


def _filling(low: float, high: float) -> float:
    """Return the largest power of two by which codes low .. high can be multiplied in int8.

    It is at least 1: where a negative gamma makes 128 of the code -128, that one code is clipped.
    """
    factor = 1
    while factor < INT8_LARGEST + 1 and (
        2 * factor * low >= -INT8_LARGEST - 1 and 2 * factor * high <= INT8_LARGEST
    ):
        factor *= 2
    return float(factor)


def _layer(name: str, channels: Iterable[_Channel], largest_code: int, stride: int) -> Layer:
    channels = list(channels)
    if any(abs(channel.bias) > INT32_LARGEST for channel in channels):
        raise ConversionError(
            f"A bias of {name} does not fit in int32: its scales are too small, so calibrate "
            "the model again."
        )
    return Layer(
        name,
        torch.stack([channel.codes for channel in channels]).contiguous(),
        torch.tensor([channel.bias for channel in channels], dtype=torch.int32),
        Requantizer.of(*(channel.multiplier for channel in channels)),
        largest_code,
        stride,
    )
