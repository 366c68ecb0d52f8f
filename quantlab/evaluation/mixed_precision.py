"""The evaluation of question 3: a bit width per layer for weights, 16 bits for activations.

`evaluate_bit_widths` puts float weights on their grids first; `evaluate_packed` takes codes and
scales. Both use `MixedPrecisionResNet20`, in float32, where a code of 16 bits is exact and the sums
are not:

1.  Each batch norm is folded into the convolution before it: w gamma / sqrt(var + eps) and
    beta - mean gamma / sqrt(var + eps), per channel, in float64, rounded once.
2.  Codes of a block's input are clamp(round(x / s_x), 0, 2^16 - 1), ties to even. The weights and
    bias of its first convolution are multiplied and divided by the scales of its input and of the
    next; it returns the codes of the second, rounded and clamped likewise. The second returns y,
    plus the shortcut, ReLU. conv1 takes the images without quantization.
3.  The mean over all pixels of each channel on its 16-bit grid; fc in floating point.

Numbers below 2^-126 in magnitude count as zero, as in `quantlab.evaluation.integer_network`.

The ranges of the activations come from batch norm, so calibration needs no images. A convolution
of 0 bits returns zeros; the batch norm after it turns them into one constant per channel.

Raises `QuantizationError` for bit widths that do not match the network. A `PackedModel` is checked
when it is read.
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
SMALLEST_RANGE = 1e-3  # of a layer whose channels are all dead: any positive number works


@flush_denormals
def evaluate_bit_widths(
    float_state: Mapping[str, Tensor], bit_widths: Mapping[str, int], data: ImageSet, ops: Any
) -> float:
    """Return the top-1 accuracy in percent of `bit_widths_network` on `data`.

    Raises:
        QuantizationError: The bit widths do not match the network.
    """
    return evaluate(bit_widths_network(float_state, bit_widths, ops), data, BATCH_SIZE)


@flush_denormals
def evaluate_packed(model: PackedModel, data: ImageSet) -> float:
    """Return the top-1 accuracy of a packed model in percent; fc's bias is floating point."""
    return evaluate(packed_network(model), data, BATCH_SIZE)


def bit_widths_network(
    float_state: Mapping[str, Tensor], bit_widths: Mapping[str, int], ops: Any
) -> "MixedPrecisionResNet20":
    """Return the float network with the weights of each layer at its own width, ready to run.

    Weights are quantized signed symmetric per tensor by the "sym" method of `ops`, the bias of fc
    to the grid of its sums.

    Args:
        float_state: The `state_dict` of a float ResNet-20.
        bit_widths: {layer: 1 to 8} for all 20 layers, including conv1 and fc; 0 removes a
            convolution inside a residual branch.
        ops: The module with the student's functions.

    Raises:
        QuantizationError: The bit widths do not match the network.
    """
    with torch.device("meta"):  # a search evaluates often: no random weights to be overwritten
        model = resnet20()
    model.load_state_dict(dict(float_state), assign=True)
    missing = [name for name in quantizable_layers(model) if name not in bit_widths]
    if missing:
        raise QuantizationError(
            f"bit_widths lacks {', '.join(missing)}: set a width for every layer."
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
    """Return a packed model, ready to run."""
    return MixedPrecisionResNet20({name: model.weight(name) for name in LAYERS}, model.tensors)


class MixedPrecisionResNet20(nn.Module):
    """ResNet-20 for evaluation: from normalized float32 (N, 3, 32, 32) to logits (N, 10)."""

    def __init__(self, weights: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
        """Fold the batch norms.

        Args:
            weights: {layer: float32 weights on their grid}.
            tensors: The floating-point rest: batch norm and the bias of fc.
        """
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
        self.fc.weight = _constant(weights["fc"] * scales["fc"])
        self.fc.bias = _constant(tensors["fc.bias"])
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
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
    """The 16-bit codes of float32 numbers, in float32."""

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
    """Return a convolution and the batch norm after it, from codes to outputs / `output_scale`."""
    gain, offset = batch_norm_affine(tensors, name.replace("conv", "bn"))
    weight = weights[name].double() * (gain * input_scale / output_scale).view(-1, 1, 1, 1)
    out, channels, *kernel = weight.shape
    folded = nn.Conv2d(channels, out, kernel, stride, padding=1, device="meta")  # type: ignore[arg-type]
    folded.weight = _constant(weight.float())
    folded.bias = _constant((offset / output_scale).float())
    return folded


def _constant(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor.detach(), requires_grad=False)


def _input_scales(state: Mapping[str, Tensor]) -> dict[str, float]:
    """Return 16-bit scales that cover every activation, from batch norm alone.

    A normalized channel has mean beta and standard deviation gamma on the training images (Nagel et
    al. 2019 take beta + 6 gamma as its range). A range twice too wide costs one of 16 bits, without
    effect on the accuracy. So the range is 8 gamma, and the two inputs of a residual sum are added.
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
