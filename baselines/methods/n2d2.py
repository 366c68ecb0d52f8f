"""N2D2's post-training quantization (CEA LIST), to a network of integers alone.

    1  batch norm is folded
    2  weights are normalized: s_w = max|w| / (2^(b-1) - 1), per layer or per output channel (the
       slides write the range as -2^(b-1) - 1 and mean -(2^(b-1) - 1)); clipping them first by a
       criterion of `clipping_thresholds` is optional and, as N2D2's own manual says, rarely helps
    3  the threshold T of each output behind a ReLU is found on calibration images by a criterion
       of `clipping_thresholds`: s_y = T / (2^b - 1)
    4  biases become integers at scale s_x s_w
    5  the factor from accumulators to codes, M = s_x s_w / s_y, becomes a fixed-point number, a
       shift or two (`fixed_point_rescaling`); the excess of a shift is multiplied into the weights

`IntegerResNet20` then has int64 codes from the first convolution to the last. Residual sums add
codes of one scale, the mean over positions is rounded once, ties go up. The image has signed 8
bits. A shortcut has no weights that could absorb the excess of a shift. With shifts, the scales
along the residual sums are therefore powers of two times the first one, each the better of the two
next to s_y. The classifier is normalized per layer, so that its accumulators can be compared.

N2D2 calibrates on validation images, or on test images where there are none; here it uses training
images.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from baselines.integer_only.requantize import SCHEMES
from baselines.methods.batch_norm_folding import fold_batch_norm
from baselines.methods.clipping_thresholds import CRITERIA, magnitude_histogram, squared_error
from baselines.methods.fixed_point_rescaling import Rescaling, choose_rescaling
from baselines.methods.grid_network import pixel_grid
from quantlab.arithmetic.integer_kernels import accumulate_conv2d, accumulate_linear
from quantlab.network.calibration import Histogram, input_histograms
from quantlab.network.resnet import BasicBlock

GRANULARITIES = ("layer", "channel")
STEM, END = "layer1.0", "layer3.3"  # the modules that receive the first and the last ReLU's output
SMALLEST_THRESHOLD = 0.1  # of an output that is nearly always zero


@dataclass(frozen=True)
class N2D2Options:
    """The options of N2D2; `clip_weights` is None or a criterion of `clipping_thresholds`."""

    thresholds: str = "MSE"
    weights: str = "layer"
    scaling: str = "single-shift"
    clip_weights: str | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for an option that does not exist."""
        for name, chosen, known in (
            ("thresholds", self.thresholds, tuple(CRITERIA)),
            ("weights", self.weights, GRANULARITIES),
            ("scaling", self.scaling, SCHEMES),
            ("clip_weights", self.clip_weights, (None, *CRITERIA)),
        ):
            if chosen not in known:
                raise ValueError(
                    f"{name} is {chosen!r}: choose one of {', '.join(map(str, known))}."
                )


class IntegerCell(nn.Module):
    """Computes a layer on codes: int64 in, int64 out, at the scale of its output.

    Without `rescale` it returns the accumulators.
    """

    def __init__(
        self, layer: nn.Conv2d | nn.Linear, codes: Tensor, bias: Tensor, rescale: Rescaling | None
    ) -> None:
        """Keep codes, bias and rescaling of the float `layer`."""
        super().__init__()
        self.stride = layer.stride[0] if isinstance(layer, nn.Conv2d) else None
        self.codes, self.bias, self.rescale = codes, bias, rescale

    def forward(self, x: Tensor) -> Tensor:
        """Return the codes of the output, or its accumulators."""
        inputs, largest = x.float(), int(x.abs().max())
        if self.stride is None:
            sums = accumulate_linear(inputs, self.codes, largest).long() + self.bias
        else:
            sums = accumulate_conv2d(inputs, self.codes, largest, self.stride, padding=1)
            sums = sums.long() + self.bias.reshape(-1, 1, 1)
        return sums if self.rescale is None else self.rescale(sums)


class IntegerBlock(nn.Module):
    """Computes a residual block on codes; both paths end at the scale of its output."""

    def __init__(
        self,
        block: BasicBlock,
        cells: tuple[IntegerCell, IntegerCell],
        shortcut: Rescaling,
        largest: int,
    ) -> None:
        """Keep the two cells and the rescaling of the shortcut."""
        super().__init__()
        self.block, self.shortcut, self.largest = block, shortcut, largest
        self.first, self.second = cells

    def forward(self, x: Tensor) -> Tensor:
        """Return the codes of the output."""
        inner = self.first(x).clamp(0, self.largest)
        return (self.second(inner) + self.shortcut(self.block.shortcut(x))).clamp(0, self.largest)


class IntegerResNet20(nn.Module):
    """Computes logits (N, 10) from normalized images float32 (N, 3, 32, 32), in integers.

    `step` is the real value of 1 in an accumulator of the classifier. Logits are multiplied by it
    to be comparable with those of other networks, which changes no prediction.
    """

    def __init__(
        self,
        stem: IntegerCell,
        blocks: list[IntegerBlock],
        classifier: IntegerCell,
        largest: int,
        step: float,
    ) -> None:
        """Keep the cells and blocks."""
        super().__init__()
        self.step = step
        self.image, self.largest = pixel_grid(), largest
        self.stem, self.blocks, self.classifier = stem, nn.ModuleList(blocks), classifier

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        x = self.stem(self.image.codes(images.cpu()).long()).clamp(0, self.largest)
        for block in self.blocks:
            x = block(x)
        positions = x.shape[2] * x.shape[3]
        mean = (2 * x.sum((2, 3)) + positions).div(2 * positions, rounding_mode="floor")
        return (self.classifier(mean).double() * self.step).to(images)


@torch.no_grad()
def n2d2(
    model: nn.Module, bits: tuple[int, int], images: Tensor, options: N2D2Options | None = None
) -> IntegerResNet20:
    """Return the float ResNet-20 `model` in integers.

    `images` are uint8 (N, 3, 32, 32) for the calibration. Raise `ValueError` and
    `CalibrationError`.
    """
    options = options or N2D2Options()
    weight_bits, act_bits = bits
    network: Any = fold_batch_norm(model).cpu()
    network.layer3.append(nn.Identity())  # END, to watch the last output
    blocks = {n: m for n, m in network.named_modules() if isinstance(m, BasicBlock)}
    stream = [*blocks, END]
    watched = [*stream, *(f"{name}.conv2" for name in blocks)]
    largest = 2**act_bits - 1
    histograms = input_histograms(network, watched, images.cpu())
    scales = {name: _scale(histograms[name], largest, options) for name in watched}
    if options.scaling != "fixed-point":
        _align(scales, {name: histograms[name] for name in stream}, largest)

    def cell(layer: Any, x_scale: float, y_scale: float | None) -> IntegerCell:
        return _cell(layer, x_scale, y_scale, weight_bits, options)

    built = []
    for name, after in itertools.pairwise(stream):
        block = blocks[name]
        inner = scales[f"{name}.conv2"]
        cells = (
            cell(block.conv1, scales[name], inner),
            cell(block.conv2, inner, scales[after]),
        )
        ratio = torch.tensor([scales[name] / scales[after]], dtype=torch.float64)
        shortcut = choose_rescaling(ratio, options.scaling)
        built.append(IntegerBlock(block, cells, shortcut, largest))
    stem = cell(network.conv1, float(pixel_grid().scale), scales[STEM])
    classifier = cell(network.fc, scales[END], None)
    step = scales[END] * _range(network.fc.weight, _largest(weight_bits), options.clip_weights)
    return IntegerResNet20(stem, built, classifier, largest, step / _largest(weight_bits))


def _scale(histogram: Histogram, largest: int, options: N2D2Options) -> float:
    threshold = CRITERIA[options.thresholds](histogram, largest)
    return max(threshold, SMALLEST_THRESHOLD) / largest


def _align(scales: dict[str, float], stream: Mapping[str, Histogram], largest: int) -> None:
    """Make the scales of `stream` powers of two times the first, the better of two near ones."""
    first = next(iter(scales[name] for name in stream))
    for name, histogram in stream.items():
        exponent = math.floor(math.log2(scales[name] / first))
        choices = [first * 2.0**e for e in (exponent, exponent + 1)]
        if histogram.maximum > 0 and scales[name] != first:
            scales[name] = min(
                choices, key=lambda s: squared_error(histogram, s * largest, largest)
            )


def _cell(
    layer: nn.Conv2d | nn.Linear,
    x_scale: float,
    y_scale: float | None,
    bits: int,
    options: N2D2Options,
) -> IntegerCell:
    """Return a cell by steps 2, 4 and 5 of the module docstring; without `y_scale`, unscaled."""
    weight = layer.weight.double()
    largest = _largest(bits)
    per_channel = options.weights == "channel" and y_scale is not None
    parts = list(weight) if per_channel else [weight]
    ranges = torch.tensor([_range(part, largest, options.clip_weights) for part in parts])
    w_scale = (ranges.double() / largest).expand(len(weight))
    rescale, rest = None, torch.ones_like(w_scale)
    if y_scale is not None:
        rescale = choose_rescaling(w_scale * x_scale / y_scale, options.scaling)
        rest = rescale.rest
    shape = (-1,) + (1,) * (weight.ndim - 1)
    steps = (w_scale / rest).reshape(shape)
    codes = (weight / steps).round().clamp(-largest, largest)
    bias = torch.zeros(len(weight), dtype=torch.float64) if layer.bias is None else layer.bias
    bias_codes = (bias.double() / (w_scale / rest * x_scale)).round().long()
    return IntegerCell(layer, codes.float(), bias_codes, rescale)


def _largest(bits: int) -> int:
    return 2 ** (bits - 1) - 1


def _range(weight: Tensor, largest: int, criterion: str | None) -> float:
    """Return the magnitude of the largest code; any positive number for weights of zero."""
    if criterion is None:
        return float(weight.abs().max()) or 1.0
    return CRITERIA[criterion](magnitude_histogram(weight), largest) or 1.0
