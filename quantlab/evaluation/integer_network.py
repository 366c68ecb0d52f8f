"""The evaluation of saved models, which defines their accuracy for grading.

The arithmetic, in float32 unless said otherwise, in this order:

1.  x = (pixel / 255 - mean) / std per channel; conv1 with its float weight; batch normalization
    with the stored statistics; ReLU.
2.  A quantized convolution with the batch normalization behind it: acc = sum x_int w_int, exact
    integers; y = acc M + B, rounded after the product and after the addition, where
    M = s_x s_w gamma / sqrt(var + eps) and B = beta - mean gamma / sqrt(var + eps), per channel,
    are computed in float64 and rounded once. acc is rounded to float32 if it exceeds 2^24.
3.  Each block: the codes of its input are x_int = clamp(round(x / s_x), 0, 2^b - 1), ties to even;
    its first convolution returns the codes of the second, clamp(round(y), 0, 2^b - 1), with M and B
    divided by their step before they are rounded (the clamp does what ReLU would); its second
    returns y, plus the shortcut (x, subsampled and padded with zero channels where the shape
    changes), ReLU.
4.  The mean over all pixels of each channel; then fc, y = (s_x s_w) (acc + b_int), with codes as in
    step 3, b_int = round(b / (s_x s_w)), and the two scales multiplied first.
5.  The prediction is the class of the largest logit, the first one if there are several.

Numbers below 2^-126 in magnitude, which are denormal in float32, count as zero: in the tensors of
the model, and in every operand and result on the CPU (`quantlab.arithmetic.denormals`).

The sums of codes are exact. Only the sums of conv1 and of the mean could depend on the batch size,
the number of threads or the processor, in their last bits. Memory is that of one batch.

Question 3, where activations keep 16 bits, is `quantlab.evaluation.mixed_precision`. Nothing raises
here: a `SavedModel` is checked when it is read.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from quantlab.arithmetic.denormals import flush_denormals
from quantlab.arithmetic.float32 import full_float32
from quantlab.arithmetic.int8_kernels import PackedConvolution, is_exact
from quantlab.arithmetic.integer_kernels import accumulate_conv2d, accumulate_linear
from quantlab.arithmetic.malloc import keep_freed_memory
from quantlab.data.images import ImageSet, normalize
from quantlab.formats.saved_model import SavedModel
from quantlab.network.resnet import BATCH_NORM_EPSILON, BasicBlock, batch_norm_affine, resnet20

BATCH_SIZE = 50  # activations of several times as many leave the cache, at half the speed
CHANNELS_LAST = torch.channels_last
# 1.5 * 2^23. Float32 numbers of this size are integers: a number added to it is rounded, ties to
# even, into the lowest bits.
ROUNDING = 12_582_912.0

ProgressCallback = Callable[[int, int], object]  # (images done, all images)


class _Convolution:
    """A quantized convolution and the batch norm after it, y = acc M + B.

    M and B are divided by `step`. On the CPU it uses 8-bit instructions if the machine has exact
    ones, else floating point, with the same results.
    """

    def __init__(
        self,
        saved: SavedModel,
        name: str,
        stride: int,
        device: torch.device,
        step: float = 1.0,
    ) -> None:
        layer = saved.layers[name]
        gain, offset = batch_norm_affine(saved.tensors, name.replace("conv", "bn"))
        scale = layer.input_scale * layer.weight_scale
        m, b = (gain * scale / step).float(), (offset / step).float()
        self._stride, self._largest = stride, 2**saved.act_bits - 1
        self._packed = None
        if device.type == "cpu" and is_exact():
            self._packed = PackedConvolution(
                layer.weight_int, (stride, stride), (1, 1), gain=m, offset=b
            )
        else:
            self._weight = layer.weight_int.to(device, torch.float32, memory_format=CHANNELS_LAST)
            self._m, self._b = (factor.view(-1, 1, 1).to(device) for factor in (m, b))

    def codes(self, input: Tensor) -> Tensor:
        """Return the codes of the next convolution for codes `input`."""
        if self._packed is not None:
            return self._packed.convolve_and_clip(input, self._largest)
        return self._normalize(input).clamp_(0, self._largest).round_()

    def add(self, input: Tensor, shortcut: Tensor) -> Tensor:
        """Return the output of a block for codes `input`; may write over `shortcut`."""
        if self._packed is not None:
            return self._packed.convolve_and_add(input, shortcut)
        return self._normalize(input).add_(shortcut).relu_()

    def _normalize(self, input: Tensor) -> Tensor:
        sums = accumulate_conv2d(input, self._weight, self._largest, self._stride, padding=1)
        return sums.float().mul_(self._m).add_(self._b)


class _Block:
    """A residual block, from one float32 tensor to the next."""

    def __init__(
        self, saved: SavedModel, name: str, block: BasicBlock, device: torch.device
    ) -> None:
        inner = saved.layers[f"{name}.conv2"].input_scale
        self._shortcut = block.shortcut
        self._quantize = _Quantizer(
            saved.layers[f"{name}.conv1"].input_scale, 2**saved.act_bits - 1, device
        )
        self._first = _Convolution(saved, f"{name}.conv1", block.stride, device, inner)
        self._second = _Convolution(saved, f"{name}.conv2", 1, device)

    def __call__(self, x: Tensor) -> Tensor:
        inner = self._first.codes(self._quantize.codes(x))
        shortcut = self._shortcut(x).contiguous(memory_format=CHANNELS_LAST)
        return self._second.add(inner, shortcut)


class _Quantizer:
    """clamp(round(x / s), 0, largest), in bytes if the convolution takes them, else float32."""

    def __init__(self, scale: float, largest: int, device: torch.device) -> None:
        self._scale = torch.tensor(scale, dtype=torch.float32, device=device)
        self._largest = largest
        self._in_bytes = device.type == "cpu" and is_exact()

    def codes(self, x: Tensor) -> Tensor:
        if not self._in_bytes:
            return self.numbers(x)
        # The sum rounds, and its lowest byte is the code: fewer passes over the memory.
        sums = (x / self._scale).clamp_(0, self._largest).add_(ROUNDING)
        return sums.view(torch.int32).to(torch.uint8)

    def numbers(self, x: Tensor) -> Tensor:
        return (x / self._scale).round_().clamp_(0, self._largest)


class _Classifier:
    """fc, with its bias as integers at the scale of the sums."""

    def __init__(self, saved: SavedModel, device: torch.device) -> None:
        layer = saved.layers["fc"]
        self._quantize = _Quantizer(layer.input_scale, 2**saved.act_bits - 1, device)
        self._largest = 2**saved.act_bits - 1
        self._weight = layer.weight_int.to(device, torch.float32)
        input_scale, weight_scale = (
            torch.tensor(scale, dtype=torch.float32, device=device)
            for scale in (layer.input_scale, layer.weight_scale)
        )
        self._scale = input_scale * weight_scale
        self._bias = 0.0 if layer.bias is None else (layer.bias.to(device) / self._scale).round()

    def __call__(self, features: Tensor) -> Tensor:
        codes = self._quantize.numbers(features)
        sums = accumulate_linear(codes, self._weight, self._largest).double() + self._bias
        return sums.float().mul_(self._scale)


class IntegerResNet20:
    """A saved model, ready to run on the CPU or another `device`."""

    def __init__(self, saved: SavedModel, device: str | torch.device = "cpu") -> None:
        """Move the tensors of `saved` to `device`, its weights packed for fast convolutions."""
        self.device = torch.device(device)
        keep_freed_memory()
        self._tensors = {
            name: tensor.to(self.device, memory_format=_layout(tensor))
            for name, tensor in saved.tensors.items()
        }
        with torch.device("meta"):
            shape = resnet20()
        self._blocks = [
            _Block(saved, name, module, self.device)
            for name, module in shape.named_modules()
            if isinstance(module, BasicBlock)
        ]
        self._classify = _Classifier(saved, self.device)

    def predict(self, images: Tensor, batch_size: int = BATCH_SIZE) -> Tensor:
        """Return the classes of uint8 `images` (N, 3, 32, 32), int64 (N,), on the CPU."""
        return self.logits(images, batch_size).argmax(1)

    @flush_denormals
    def logits(self, images: Tensor, batch_size: int = BATCH_SIZE) -> Tensor:
        """Return the logits of uint8 `images` (N, 3, 32, 32), float32 (N, 10), on the CPU."""
        return self._logits(images, batch_size)

    @torch.inference_mode()
    def _logits(self, images: Tensor, batch_size: int) -> Tensor:
        with full_float32(self.device):
            batches = [self._forward(batch).cpu() for batch in images.split(batch_size)]
        return torch.cat(batches)

    def _forward(self, images: Tensor) -> Tensor:
        x = normalize(images.to(self.device)).contiguous(memory_format=CHANNELS_LAST)
        x = F.conv2d(x, self._tensors["conv1.weight"], padding=1)
        mean, variance, weight, bias = (
            self._tensors[f"bn1.{end}"] for end in ("running_mean", "running_var", "weight", "bias")
        )
        x = F.batch_norm(x, mean, variance, weight, bias, eps=BATCH_NORM_EPSILON).relu_()
        for block in self._blocks:
            x = block(x)
        return self._classify(F.adaptive_avg_pool2d(x, 1).flatten(1))


def _layout(tensor: Tensor) -> torch.memory_format:
    return CHANNELS_LAST if tensor.ndim == 4 else torch.contiguous_format


@flush_denormals
def evaluate_saved(
    saved: SavedModel,
    data: ImageSet,
    batch_size: int = BATCH_SIZE,
    progress: ProgressCallback | None = None,
    device: str | torch.device = "cpu",
) -> float:
    """Return the top-1 accuracy of a saved model on all images of `data`, in percent.

    `progress(done, total)` is called after each batch with numbers of images.
    """
    model, hits = IntegerResNet20(saved, device), 0
    for start in range(0, len(data), batch_size):
        batch = slice(start, start + batch_size)
        classes = model._logits(data.images[batch], batch_size).argmax(1)
        hits += int((classes == data.labels[batch]).sum())
        if progress:
            progress(min(start + batch_size, len(data)), len(data))
    return 100 * hits / len(data)
