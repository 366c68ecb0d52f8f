"""An integer-only network as an ONNX graph of quantized and dequantized tensors (QDQ).

ONNX defines real numbers between `DequantizeLinear` and `QuantizeLinear`, and a runtime may compute
them in integers: ONNX Runtime replaces DQ - Conv - Q by its 8-bit convolution. The graph takes
normalized images, float32 (N, 3, 32, 32), and returns logits, float32 (N, 10).

* Weights are the int8 codes of the network, one scale per channel; biases its int32, at the scale
  of the accumulator. They stay int8 at 2 and 4 bits: ONNX has int4 (opset 21) and int2, but ONNX
  Runtime has no convolution of these and would compute it in floating point.
* Codes are uint8. Saturation at 0 is the ReLU, so that the graph has no Relu; codes of fewer than
  8 bits are clipped as integers.
* The stream of the shortcuts has a width of its own. With **16 bits** it is the stream of the
  integer-only network, and predictions are those of that network. But ONNX Runtime has no
  convolution with a 16-bit result, and computes the second of each block in floating point. With
  **8 bits** every convolution and every addition is an 8-bit kernel; branches and streams then have
  scales of their own, from their largest values on training images.

Requantization multiplies by a float32 number and rounds ties to even, unlike the integer network's.
`onnx` is imported when a graph is made.
"""

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from baselines.errors import MissingPackage
from baselines.integer_only.graph import IntegerNetwork, Layer
from quantlab.atomic_files import write_atomically

OPSET = 21  # the first with 16-bit QuantizeLinear
IR_VERSION = 10  # the one that goes with it
SIGNED_ZERO = 128  # the uint8 code of 0 for values of both signs
STREAM_TYPES: dict[int, np.dtype[Any]] = {8: np.dtype(np.uint8), 16: np.dtype(np.uint16)}
INPUT, OUTPUT = "images", "logits"
RESOLUTION = 32

Array = np.ndarray


def deployment_package(name: str) -> ModuleType:
    """Return `onnx` or `onnxruntime`, which only `deploy` needs. Raise `MissingPackage`."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingPackage(
            f"The package {name.partition('.')[0]} is missing: pip install -e '.[deploy]'."
        ) from None


@dataclass(frozen=True)
class _Format:
    """The format of real numbers: value = scale * (code - zero_point), of numpy type `type`."""

    scale: float
    type: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.uint8))
    zero_point: int = 0


def export(
    network: IntegerNetwork,
    path: str | os.PathLike[str],
    stream_bits: int,
    largest: Mapping[str, int],
) -> None:
    """Write `network` atomically, with a stream of 8 or 16 bits.

    `largest` is `run.largest_magnitudes` on training images, which decides the scales of an 8-bit
    stream. Raise `MissingPackage`.
    """
    model = _Graph(network, STREAM_TYPES[stream_bits], largest).model()
    deployment_package("onnx").checker.check_model(model)
    write_atomically(path, lambda stream: stream.write(model.SerializeToString()))


class _Graph:
    """Nodes and constants of one network, as they are added."""

    def __init__(
        self, network: IntegerNetwork, stream_type: np.dtype[Any], largest: Mapping[str, int]
    ) -> None:
        self._onnx = deployment_package("onnx")
        self._network = network
        self._stream_type = stream_type
        self._largest = largest
        self._nodes: list[Any] = []
        self._constants: dict[str, Array] = {}

    def model(self) -> Any:
        """Return the ONNX `ModelProto`."""
        network, scales = self._network, self._network.scales
        signed = _Format(scales["input"], zero_point=SIGNED_ZERO)
        codes = self._quantized("input", INPUT, signed)
        real = self._convolution(
            network.conv1, self._dequantized("input", codes, signed), signed.scale, scales["stream"]
        )
        stream, stream_format = self._stream("conv1", real)
        for block in network.blocks:
            first, second = block.first, block.second
            real = self._dequantized(f"{block.name}.read", stream, stream_format)
            real = self._on_codes(first, real, scales[second.name])
            branch = self._on_codes(second, real, scales["stream"])
            branch = self._branch(second.name, branch)
            shortcut = self._shortcut(block.name, stream, stream_format, first)
            stream, stream_format = self._stream(
                block.name, self._node("Add", f"{block.name}.sum", branch, shortcut)
            )
        pooled = self._node(
            "GlobalAveragePool", "mean", self._dequantized("pool.read", stream, stream_format)
        )
        self._classifier(self._node("Flatten", "flat", pooled))
        return self._assembled()

    def _on_codes(self, layer: Layer, real: str, out_scale: float) -> str:
        codes, code_format = self._codes(layer.name, real)
        real = self._dequantized(f"{layer.name}.input", codes, code_format)
        return self._convolution(layer, real, code_format.scale, out_scale)

    def _codes(self, name: str, real: str) -> tuple[str, _Format]:
        """Return the unsigned codes that layer `name` reads; uint8 saturates at 0 and at 255."""
        code_format = _Format(self._network.scales[name])
        codes = self._quantized(f"{name}.input", real, code_format)
        largest = self._network.largest_code
        if largest < np.iinfo(np.uint8).max:
            limit = self._constant("largest_code", np.uint8(largest))
            codes = self._node("Clip", f"{name}.input.clipped", codes, "", limit)
        return codes, code_format

    def _stream(self, name: str, real: str) -> tuple[str, _Format]:
        scale = self._network.scales["stream"]
        if self._stream_type == STREAM_TYPES[8]:
            scale *= max(self._largest[name], 1) / np.iinfo(np.uint8).max
        stream_format = _Format(scale, self._stream_type)
        return self._quantized(f"{name}.stream", real, stream_format), stream_format

    def _branch(self, name: str, real: str) -> str:
        """Return the branch, with 8 bits beside an 8-bit stream, so that their sum is 8-bit too."""
        if self._stream_type != STREAM_TYPES[8]:
            return real
        scale = self._network.scales["stream"] * max(self._largest[name], 1) / (SIGNED_ZERO - 1)
        signed = _Format(scale, zero_point=SIGNED_ZERO)
        return self._dequantized(name, self._quantized(name, real, signed), signed)

    def _shortcut(self, name: str, stream: str, stream_format: _Format, first: Layer) -> str:
        """Return option A on codes; at 16 bits on real numbers, which ONNX Runtime can pad."""
        if stream_format.type == STREAM_TYPES[8]:
            codes = self._option_a(name, stream, first)
            return self._dequantized(f"{name}.shortcut", codes, stream_format)
        real = self._dequantized(f"{name}.shortcut", stream, stream_format)
        return self._option_a(name, real, first)

    def _option_a(self, name: str, input: str, first: Layer) -> str:
        if first.stride == 1:
            return input
        before = (first.weight.shape[0] - first.weight.shape[1]) // 2
        kept = self._node(
            "Slice",
            f"{name}.subsampled",
            input,
            self._constant("slice.start", np.zeros(2, np.int64)),
            self._constant("slice.end", np.full(2, RESOLUTION, np.int64)),
            self._constant("slice.axes", np.array([2, 3], np.int64)),
            self._constant("slice.step", np.full(2, first.stride, np.int64)),
        )
        channels = np.array([0, before, 0, 0, 0, before, 0, 0], np.int64)
        return self._node("Pad", f"{name}.padded", kept, self._constant(f"{name}.pad", channels))

    def _convolution(self, layer: Layer, real: str, in_scale: float, out_scale: float) -> str:
        unit = _accumulator_units(layer, out_scale)
        return self._node(
            "Conv",
            layer.name,
            real,
            *self._weight_and_bias(layer, unit / in_scale, unit),
            strides=[layer.stride] * 2,
            pads=[1] * 4,
            kernel_shape=[3, 3],
        )

    def _classifier(self, real: str) -> None:
        layer, scales = self._network.fc, self._network.scales
        codes, code_format = self._codes(layer.name, real)
        real = self._dequantized(f"{layer.name}.input", codes, code_format)
        unit = np.full(len(layer.bias), scales["logits"])
        constants = self._weight_and_bias(layer, unit / code_format.scale, unit)
        self._node("Gemm", OUTPUT, real, *constants, transB=1)

    def _weight_and_bias(
        self, layer: Layer, weight_scale: Array, bias_scale: Array
    ) -> tuple[str, str]:
        dequantized = []
        for end, codes, scale in (
            ("weight", layer.weight.numpy(), weight_scale),
            ("bias", layer.bias.numpy(), bias_scale),
        ):
            name = f"{layer.name}.{end}"
            dequantized.append(
                self._node(
                    "DequantizeLinear",
                    f"{name}.real",
                    self._constant(name, codes),
                    self._constant(f"{name}.scale", scale.astype(np.float32)),
                    axis=0,
                )
            )
        return dequantized[0], dequantized[1]

    def _quantized(self, name: str, real: str, as_: _Format) -> str:
        return self._node("QuantizeLinear", f"{name}.codes", real, *self._format(name, as_))

    def _dequantized(self, name: str, codes: str, as_: _Format) -> str:
        return self._node("DequantizeLinear", f"{name}.real", codes, *self._format(name, as_))

    def _format(self, name: str, as_: _Format) -> tuple[str, str]:
        return (
            self._constant(f"{name}.scale", np.float32(as_.scale)),
            self._constant(
                f"zero_point.{as_.type}.{as_.zero_point}", as_.type.type(as_.zero_point)
            ),
        )

    def _node(self, kind: str, output: str, *inputs: str, **attributes: Any) -> str:
        node = self._onnx.helper.make_node(kind, list(inputs), [output], output, **attributes)
        self._nodes.append(node)
        return output

    def _constant(self, name: str, value: Any) -> str:
        self._constants[name] = np.asarray(value)
        return name

    def _assembled(self) -> Any:
        helper, arrays = self._onnx.helper, deployment_package("onnx.numpy_helper")
        network = self._network
        image = ["N", 3, RESOLUTION, RESOLUTION]
        float32 = self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            f"ResNet20_W{network.weight_bits}A{network.act_bits}",
            [helper.make_tensor_value_info(INPUT, float32, image)],
            [helper.make_tensor_value_info(OUTPUT, float32, ["N", len(network.fc.bias)])],
            [arrays.from_array(value, name) for name, value in self._constants.items()],
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)


def _accumulator_units(layer: Layer, out_scale: float) -> Array:
    """Return the real value of 1 in each accumulator: multiplier times output scale."""
    multipliers = layer.requantizer.multipliers()
    return np.array([float(multiplier) for multiplier in multipliers]) * out_scale
