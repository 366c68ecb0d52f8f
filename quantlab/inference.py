"""What a saved model computes: the one evaluation behind every mark.

The arithmetic, in float32 unless said otherwise, in this order:

1.  x = (pixel / 255 - mean) / std per channel; conv1 with its float weight; batch normalization
    with the stored statistics (never folded into a convolution); ReLU.
2.  A quantized convolution: x_int = clamp(round(x / s_x), 0, 2^b - 1), ties to even;
    acc = sum x_int w_int, exact integers by `quantlab.integer`; y = (s_x s_w) acc, where the two
    scales are multiplied first and acc is rounded to float32 if it exceeds 2^24.
3.  Each block: quantized convolution, batch normalization, ReLU, quantized convolution, batch
    normalization, plus the shortcut (subsampled and padded with zero channels where the shape
    changes), ReLU.
4.  The mean over all pixels of each channel; then fc as in step 2 with an integer bias:
    y = (s_x s_w) (acc + b_int), b_int = round(b / (s_x s_w)).
5.  The prediction is the class of the largest logit, the first one if there are several.

The sums of step 2 are exact, so only the sums of conv1 and of the mean could depend on the batch
size, the number of threads or the processor, in their last bits. Memory is that of one batch.

Question 3, where every layer's weights are quantized and activations keep 16 bits, is evaluated by
fake quantization in float32: `evaluate_bit_widths` puts float weights on their grids first,
`evaluate_packed` takes codes and scales as they are. A convolution of 0 bits gives zeros, of which
the batch normalization behind it makes one constant per channel.

It can fail with a `QuantizationError` (bit widths that do not fit the network); `SavedModel`s and
`PackedModel`s have been checked when they were read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from quantlab.checkpoint import SavedLayer, SavedModel
from quantlab.images import ImageSet, normalize
from quantlab.int8 import PackedConvolution, is_exact
from quantlab.integer import accumulate_conv2d, accumulate_linear
from quantlab.layers import QuantizationError, quantizable_layers, with_input_scales
from quantlab.memory import keep_freed_memory
from quantlab.packed import LAYERS, REMOVABLE, PackedModel
from quantlab.resnet import BasicBlock, resnet20
from quantlab.training import evaluate

BATCH_SIZE = 50  # activations of several times as many leave the cache, at half the speed
BATCH_NORM_EPSILON = 1e-5  # of torch.nn.BatchNorm2d
BIT_WIDTH_ACT_BITS = 16  # question 3
SIGMAS = 8  # see _wide_input_scales
# 1.5 * 2^23. Float32 numbers of this size are integers: what is added is rounded, ties to even, and
# stands in the lowest bits.
ROUNDING = 12_582_912.0
SMALLEST_RANGE = 1e-3  # of a layer whose channels are all dead: any positive number will do

Progress = Callable[[int, int], object]  # (images done, images in all)


@dataclass(frozen=True)
class _Layer:
    """A quantized layer as the kernels want it: codes and bias as integers held in float32.

    `packed` is the convolution in 8-bit instructions, where the machine has exact ones.
    """

    codes: Tensor
    input_scale: Tensor
    scale: Tensor
    bias: Tensor | None
    largest: int
    packed: PackedConvolution | None

    def quantize(self, input: Tensor) -> Tensor:
        return (input / self.input_scale).round_().clamp_(0, self.largest)

    def convolve(self, input: Tensor, stride: int) -> Tensor:
        if self.packed is not None:
            return self.packed(self._bytes(input))
        codes = self.quantize(input)
        sums = accumulate_conv2d(codes, self.codes, self.largest, stride, padding=1)
        return sums.float().mul_(self.scale)

    def _bytes(self, input: Tensor) -> Tensor:
        """`quantize` as uint8, in fewer passes over the memory: the sum does the rounding."""
        sums = (input / self.input_scale).clamp_(0, self.largest).add_(ROUNDING)
        return sums.view(torch.int32).to(torch.uint8)  # the lowest byte


class IntegerResNet20:
    """A saved model, ready to run on the CPU or another `device`."""

    def __init__(self, saved: SavedModel, device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        keep_freed_memory()
        largest = 2**saved.act_bits - 1
        self._tensors = {
            name: tensor.to(self.device, memory_format=_layout(tensor))
            for name, tensor in saved.tensors.items()
        }
        with torch.device("meta"):
            shape = resnet20()
        self._blocks = {
            name: module for name, module in shape.named_modules() if isinstance(module, BasicBlock)
        }
        strides = {f"{name}.conv1": block.stride for name, block in self._blocks.items()}
        self._layers = {
            name: _prepare(layer, largest, self.device, strides.get(name, 1))
            for name, layer in saved.layers.items()
        }

    def predict(self, images: Tensor, batch_size: int = BATCH_SIZE) -> Tensor:
        """uint8 (N, 3, 32, 32) to the classes, int64 (N,), on the CPU."""
        return self.logits(images, batch_size).argmax(1)

    @torch.inference_mode()
    def logits(self, images: Tensor, batch_size: int = BATCH_SIZE) -> Tensor:
        """uint8 (N, 3, 32, 32) to float32 (N, 10), on the CPU."""
        with torch.autocast(self.device.type, enabled=False):
            batches = [self._forward(batch).cpu() for batch in images.split(batch_size)]
        return torch.cat(batches)

    def _forward(self, images: Tensor) -> Tensor:
        x = normalize(images.to(self.device)).contiguous(memory_format=torch.channels_last)
        x = F.conv2d(x, self._tensors["conv1.weight"], padding=1)
        x = self._normalize("bn1", x).relu_()
        for name, block in self._blocks.items():
            out = self._layers[f"{name}.conv1"].convolve(x, block.stride)
            out = self._normalize(f"{name}.bn1", out)  # what ReLU would clip has the code 0
            out = self._layers[f"{name}.conv2"].convolve(out, 1)
            out = self._normalize(f"{name}.bn2", out)
            x = out.add_(block.shortcut(x)).relu_()
        return self._classify(F.adaptive_avg_pool2d(x, 1).flatten(1))

    def _classify(self, input: Tensor) -> Tensor:
        layer = self._layers["fc"]
        sums = accumulate_linear(layer.quantize(input), layer.codes, layer.largest).double()
        if layer.bias is not None:
            sums += layer.bias
        return sums.float().mul_(layer.scale)

    def _normalize(self, name: str, input: Tensor) -> Tensor:
        mean, variance, weight, bias = (
            self._tensors[f"{name}.{end}"]
            for end in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(input, mean, variance, weight, bias, eps=BATCH_NORM_EPSILON)


def _prepare(layer: SavedLayer, largest: int, device: torch.device, stride: int) -> _Layer:
    input_scale = torch.tensor(layer.input_scale, dtype=torch.float32, device=device)
    scale = input_scale * torch.tensor(layer.weight_scale, dtype=torch.float32, device=device)
    codes = layer.weight_int.to(device, torch.float32, memory_format=_layout(layer.weight_int))
    bias = None
    if layer.bias is not None:
        bias = torch.round(layer.bias.to(device) / scale).double()
    packed = None
    if layer.weight_int.ndim == 4 and device.type == "cpu" and is_exact():
        packed = PackedConvolution(
            layer.weight_int, (stride, stride), padding=(1, 1), scale=float(scale)
        )
    return _Layer(codes, input_scale, scale, bias, largest, packed)


def _layout(tensor: Tensor) -> torch.memory_format:
    return torch.channels_last if tensor.ndim == 4 else torch.contiguous_format


def evaluate_saved(
    saved: SavedModel,
    data: ImageSet,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
    device: str | torch.device = "cpu",
) -> float:
    """Top-1 accuracy of a saved model on all images of `data`, in percent.

    `progress(done, total)` is called after each batch with numbers of images.
    """
    model, hits = IntegerResNet20(saved, device), 0
    for start in range(0, len(data), batch_size):
        batch = slice(start, start + batch_size)
        hits += int((model.predict(data.images[batch], batch_size) == data.labels[batch]).sum())
        if progress:
            progress(min(start + batch_size, len(data)), len(data))
    return 100 * hits / len(data)


def evaluate_bit_widths(
    float_state: Mapping[str, Tensor], bit_widths: Mapping[str, int], data: ImageSet, ops: Any
) -> float:
    """Top-1 accuracy in percent with the weights of each layer at its own width (question 3).

    `float_state` is the `state_dict` of a float ResNet-20, `bit_widths` {layer: 1 to 8} for all 20
    layers, conv1 and fc included; 0 removes a convolution inside a residual branch. Weights are
    quantized signed symmetric per tensor by the "sym" method of `ops`; the inputs of every layer
    but conv1 are fake-quantized at 16 bits in float32, in ranges that come from the batch
    normalization, so that no images are needed to calibrate. Raises `QuantizationError`.
    """
    with torch.device("meta"):  # a search evaluates often: no random weights to be overwritten
        model = resnet20()
    model.load_state_dict(dict(float_state), assign=True)
    missing = [name for name in quantizable_layers(model) if name not in bit_widths]
    if missing:
        raise QuantizationError(
            f"bit_widths says nothing of {', '.join(missing)}: give every layer a width."
        )
    scales = _wide_input_scales(float_state)
    removed = {name for name, bits in bit_widths.items() if bits == 0 and name in REMOVABLE}
    widths = {name: bits for name, bits in bit_widths.items() if name not in removed}
    quantized = with_input_scales(model, ops, 8, BIT_WIDTH_ACT_BITS, "sym", scales, widths)
    with torch.no_grad():
        for name in removed:
            quantized.get_parameter(f"{name}.weight").zero_()
    return evaluate(quantized, data, BATCH_SIZE)


def evaluate_packed(model: PackedModel, data: ImageSet) -> float:
    """Top-1 accuracy in percent of a packed model, its inputs at 16 bits (question 3).

    They are fake-quantized as by `evaluate_bit_widths`, in the same ranges; the bias of fc stays in
    floating point.
    """
    return evaluate(packed_network(model), data, BATCH_SIZE)


def packed_network(model: PackedModel) -> nn.Module:
    """A packed model as a ResNet-20 in evaluation mode, its inputs fake-quantized at 16 bits."""
    with torch.device("meta"):
        network = resnet20()
    weights = {f"{layer}.weight": model.weight(layer) for layer in LAYERS}
    network.load_state_dict({**weights, **model.tensors}, strict=False, assign=True)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.num_batches_tracked = None  # a counter of training steps, and still without data
    for name, scale in _wide_input_scales(model.tensors).items():
        network.get_submodule(name).register_forward_pre_hook(partial(_fake_quantized, scale))
    return network.eval()


def _fake_quantized(scale: float, module: nn.Module, inputs: tuple[Tensor]) -> Tensor:
    (input,) = inputs
    return (input / scale).round().clamp(0, 2**BIT_WIDTH_ACT_BITS - 1) * scale


def _wide_input_scales(state: Mapping[str, Tensor]) -> dict[str, float]:
    """16-bit scales that hold every activation, from batch normalization alone.

    A normalized channel has mean beta and standard deviation gamma on the training images (Nagel et
    al. 2019 take beta + 6 gamma as its range). A range twice too wide costs one of 16 bits, which
    nobody sees, so 8 gamma are taken, and the two inputs of a residual sum are added.
    """
    with torch.device("meta"):
        model = resnet20()
    largest_code = 2**BIT_WIDTH_ACT_BITS - 1

    def largest(norm: str) -> float:
        spread = state[f"{norm}.weight"].abs() * SIGMAS
        return max(float((state[f"{norm}.bias"] + spread).max()), SMALLEST_RANGE)

    scales, residual = {}, largest("bn1")
    for name, block in model.named_modules():
        if isinstance(block, BasicBlock):
            scales[f"{name}.conv1"] = residual / largest_code
            scales[f"{name}.conv2"] = largest(f"{name}.bn1") / largest_code
            residual += largest(f"{name}.bn2")
    scales["fc"] = residual / largest_code
    return scales
