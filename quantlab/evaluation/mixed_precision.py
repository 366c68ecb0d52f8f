"""Question 3's evaluation: weights at a width of each layer's own, activations at 16 bits.

`evaluate_bit_widths` puts float weights on their grids first, `evaluate_packed` takes codes and
scales as they are. Both go by `MixedPrecisionResNet20`, in float32, where a code of 16 bits is
exact and the sums are not:

1.  Each batch normalization is folded into the convolution before it: w gamma / sqrt(var + eps) and
    beta - mean gamma / sqrt(var + eps), per channel, in float64, rounded once.
2.  Codes of a block's input are clamp(round(x / s_x), 0, 2^16 - 1), ties to even; its first
    convolution, whose weights and bias are multiplied and divided by the steps of its input and of
    the next, gives those of the second, rounded and clamped alike; the second gives y, plus the
    shortcut, ReLU. conv1 takes the images as they are.
3.  The mean over all pixels of each channel on its 16-bit grid; fc in floating point.

Numbers below 2^-126 in magnitude count as zero, as in `quantlab.evaluation.integer_network`.

The ranges of the activations come from batch normalization, so that no images are needed to
calibrate. A convolution of 0 bits gives zeros, of which the batch normalization behind it makes one
constant per channel.

It can fail with a `QuantizationError` (bit widths that do not fit the network); `PackedModel`s have
been checked when they were read.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from quantlab.arithmetic.denormals import flush_denormals
from quantlab.data.images import ImageSet
from quantlab.errors import QuantizationError
from quantlab.evaluation.float_network import evaluate
from quantlab.evaluation.integer_network import BATCH_SIZE
from quantlab.formats.packed_model import LAYERS, REMOVABLE, PackedModel
from quantlab.network.quantization import quantizable_layers, quantize_with_scales
from quantlab.network.resnet import BasicBlock, batch_norm_affine, resnet20

ACT_BITS = 16
LARGEST_CODE = 2**ACT_BITS - 1
SIGMAS = 8  # see _input_scales
SMALLEST_RANGE = 1e-3  # of a layer whose channels are all dead: any positive number will do


@flush_denormals
def evaluate_bit_widths(
    float_state: Mapping[str, Tensor], bit_widths: Mapping[str, int], data: ImageSet, ops: Any
) -> float:
    """Return the top-1 accuracy in percent of `bit_widths_network` on `data`.

    Raises:
        QuantizationError: The bit widths do not fit the network.
    """
    return evaluate(bit_widths_network(float_state, bit_widths, ops), data, BATCH_SIZE)


@flush_denormals
def evaluate_packed(model: PackedModel, data: ImageSet) -> float:
    """Top-1 accuracy of a packed model in percent; the bias of fc stays in floating point."""
    return evaluate(packed_network(model), data, BATCH_SIZE)


def bit_widths_network(
    float_state: Mapping[str, Tensor], bit_widths: Mapping[str, int], ops: Any
) -> "MixedPrecisionResNet20":
    """Return the float network with the weights of each layer at its own width, ready to run.

    `float_state` is the `state_dict` of a float ResNet-20, `bit_widths` {layer: 1 to 8} for all 20
    layers, conv1 and fc included; 0 removes a convolution inside a residual branch. Weights are
    quantized signed symmetric per tensor by the "sym" method of `ops`, and the bias of fc to the
    grid of its sums.

    Raises:
        QuantizationError: The bit widths do not fit the network.
    """
    with torch.device("meta"):  # a search evaluates often: no random weights to be overwritten
        model = resnet20()
    model.load_state_dict(dict(float_state), assign=True)
    missing = [name for name in quantizable_layers(model) if name not in bit_widths]
    if missing:
        raise QuantizationError(
            f"bit_widths says nothing of {', '.join(missing)}: give every layer a width."
        )
    removed = {name for name, bits in bit_widths.items() if bits == 0 and name in REMOVABLE}
    widths = {name: bits for name, bits in bit_widths.items() if name not in removed}
    scales = _input_scales(float_state)
    quantized = quantize_with_scales(model, ops, 8, ACT_BITS, "sym", scales, widths)
    weights, tensors = {}, dict(float_state)
    with torch.no_grad():
        for name in LAYERS:
            layer: Any = quantized.get_submodule(name)
            weights[name] = (
                torch.zeros_like(layer.weight) if name in removed else layer.fake_weight()
            )
        tensors["fc.bias"] = quantized.get_submodule("fc").fake_bias()  # type: ignore[operator]
    return MixedPrecisionResNet20(weights, tensors)


def packed_network(model: PackedModel) -> "MixedPrecisionResNet20":
    """A packed model, ready to run."""
    return MixedPrecisionResNet20({name: model.weight(name) for name in LAYERS}, model.tensors)


class MixedPrecisionResNet20(nn.Module):
    """float32 images (N, 3, 32, 32), normalized, to logits (N, 10); for evaluation only.

    `weights` {layer: float32 weights on their grid}, `tensors` what stays in floating point: batch
    normalization and the bias of fc.
    """

    def __init__(self, weights: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        scales = _input_scales(tensors)
        with torch.device("meta"):
            shape = resnet20()
        self.conv1 = _folded("conv1", weights, tensors)
        self.blocks = nn.Sequential(
            *(
                _Block(name, block, weights, tensors, scales)
                for name, block in shape.named_modules()
                if isinstance(block, BasicBlock)
            )
        )
        self.quantize = _Quantizer(scales["fc"])
        self.fc = shape.fc
        self.fc.weight = _fixed(weights["fc"] * scales["fc"])
        self.fc.bias = _fixed(tensors["fc.bias"])
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.conv1(x).relu_())
        features = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.fc(self.quantize(features))


class _Block(nn.Module):
    """A residual block, from one float32 tensor to the next."""

    def __init__(
        self,
        name: str,
        block: BasicBlock,
        weights: Mapping[str, Tensor],
        tensors: Mapping[str, Tensor],
        scales: Mapping[str, float],
    ) -> None:
        super().__init__()
        first, second = f"{name}.conv1", f"{name}.conv2"
        self.quantize = _Quantizer(scales[first])
        self.conv1 = _folded(first, weights, tensors, block.stride, scales[first], scales[second])
        self.conv2 = _folded(second, weights, tensors, input_scale=scales[second])
        self.shortcut = block.shortcut

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv1(self.quantize(x)).round_().clamp_(0, LARGEST_CODE)
        return self.conv2(inner).add_(self.shortcut(x)).relu_()


class _Quantizer(nn.Module):
    """float32 numbers to their 16-bit codes, in float32."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return (x / self.scale).round_().clamp_(0, LARGEST_CODE)


def _folded(
    name: str,
    weights: Mapping[str, Tensor],
    tensors: Mapping[str, Tensor],
    stride: int = 1,
    input_scale: float = 1.0,
    output_scale: float = 1.0,
) -> nn.Conv2d:
    """A convolution and the normalization behind it, from codes to what `output_scale` divides."""
    gain, offset = batch_norm_affine(tensors, name.replace("conv", "bn"))
    weight = weights[name].double() * (gain * input_scale / output_scale).view(-1, 1, 1, 1)
    out, channels, *kernel = weight.shape
    made = nn.Conv2d(channels, out, kernel, stride, padding=1, device="meta")  # type: ignore[arg-type]
    made.weight = _fixed(weight.float())
    made.bias = _fixed((offset / output_scale).float())
    return made


def _fixed(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor.detach(), requires_grad=False)


def _input_scales(state: Mapping[str, Tensor]) -> dict[str, float]:
    """16-bit scales that hold every activation, from batch normalization alone.

    A normalized channel has mean beta and standard deviation gamma on the training images (Nagel et
    al. 2019 take beta + 6 gamma as its range). A range twice too wide costs one of 16 bits, which
    nobody sees, so 8 gamma are taken, and the two inputs of a residual sum are added.
    """
    with torch.device("meta"):
        model = resnet20()

    def largest(norm: str) -> float:
        spread = state[f"{norm}.weight"].abs() * SIGMAS
        return max(float((state[f"{norm}.bias"] + spread).max()), SMALLEST_RANGE)

    scales, residual = {}, largest("bn1")
    for name, block in model.named_modules():
        if isinstance(block, BasicBlock):
            scales[f"{name}.conv1"] = residual / LARGEST_CODE
            scales[f"{name}.conv2"] = largest(f"{name}.bn1") / LARGEST_CODE
            residual += largest(f"{name}.bn2")
    scales["fc"] = residual / LARGEST_CODE
    return scales
