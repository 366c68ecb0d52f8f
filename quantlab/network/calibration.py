"""Activation scales from calibration images.

Activations are quantized per tensor, unsigned, with zero point 0: codes 0..2^b - 1 times the scale.
The scale of a layer is chosen once, from the inputs that the *float* network (in evaluation mode,
no gradients) sends to this layer on the *whole* calibration set. A running average would start too
small and depend on the order and size of the batches. The rule depends on the method:

* "sym": s = max / (2^b - 1); nothing is clipped.
* "SAWB" and "heuristic": the s of least mean squared error, equation (4). SAWB's coefficients were
  fitted to signed, bell-shaped data and do not apply after a ReLU. At 2 bits this decides whether
  the network works: the largest of a million activations is ten times the typical one, and a step
  of a third of it rounds nearly everything to zero.

All inputs enter a histogram whose bins are float32 numbers that agree in sign, exponent and 9 bits
of mantissa: relative width 2^-9, no range to be known in advance, integer counts that do not depend
on the batches, and one pass.

Raises `CalibrationError` for too few images, and for inputs that are negative (unsigned codes would
clip them) or not finite.
"""

import copy
import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from quantlab.arithmetic.float32 import full_float32
from quantlab.data.images import ImageSet, normalize
from quantlab.errors import CalibrationError

METHODS = ("sym", "SAWB", "heuristic")
CALIBRATION_COUNT = 512
BATCH = 128  # images per forward pass
DROPPED_BITS = 14  # of the 23 of a float32 mantissa
BINS = 0x7F800000 >> DROPPED_BITS  # up to the bit pattern of infinity
SMALLEST_FRACTION = 0.01  # of the largest input: far below the best range of any real layer
COARSE_STEPS = 200
REFINEMENTS = 3
REFINED_STEPS = 17


@dataclass(frozen=True)
class Histogram:
    """The inputs of one layer.

    `values` are float64 (K,) and positive, `counts` float64 (K,), `maximum` is the largest input.
    """

    values: Tensor
    counts: Tensor
    maximum: float


def calibration_images(train: ImageSet, count: int = CALIBRATION_COUNT, seed: int = 0) -> Tensor:
    """Return `count` training images, uint8 (count, 3, 32, 32), the same for everyone.

    Raises:
        CalibrationError: The set is smaller.

    Examples:
        >>> import torch
        >>> pixels = torch.zeros(10, 3, 32, 32, dtype=torch.uint8)
        >>> train = ImageSet("CIFAR-10", "train", pixels, torch.zeros(10))
        >>> tuple(calibration_images(train, 4).shape)
        (4, 3, 32, 32)
    """
    if not 0 < count <= len(train):
        raise CalibrationError(
            f"{count} calibration images requested, but {train.name} ({train.split}) contains "
            f"{len(train)}: request 1 to {len(train)}."
        )
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    return train.images[order[:count].sort().values].clone(memory_format=torch.channels_last)


def input_scales(
    model: nn.Module, layers: Iterable[str], images: Tensor, bits: int, method: str
) -> dict[str, float]:
    """Return the input scale of each of `layers`, as positive float32 numbers.

    Args:
        model: The float network. It is not changed.
        layers: Names of its modules.
        images: uint8 (N, 3, 32, 32).
        bits: The bit width of the unsigned codes.
        method: One of `METHODS`.

    Raises:
        CalibrationError: The images do not fit the network.
        ValueError: The method does not exist.
    """
    if method not in METHODS:
        raise ValueError(f"There is no method {method!r}: choose one of {', '.join(METHODS)}.")
    scales = {}
    for name, histogram in input_histograms(model, layers, images).items():
        largest = 2**bits - 1
        scale = histogram.maximum / largest
        if method != "sym" and histogram.maximum > 0:
            scale = least_mse_scale(histogram, largest)
        # A dead layer, whose inputs are all 0, codes them as 0 at any scale.
        scales[name] = float(torch.tensor(scale or 1.0, dtype=torch.float32))
    return scales


@torch.no_grad()
def input_histograms(
    model: nn.Module, layers: Iterable[str], images: Tensor
) -> dict[str, Histogram]:
    """Return one histogram per layer, over all its inputs on all `images` uint8 (N, 3, 32, 32).

    Raises:
        CalibrationError: There are no images, or an input is negative or not finite.
    """
    if len(images) == 0:
        raise CalibrationError("There are no calibration images: pass at least one.")
    model = copy.deepcopy(model).eval()
    device = next(model.parameters()).device
    counts = {name: torch.zeros(BINS, dtype=torch.int64, device=device) for name in layers}
    maxima = dict.fromkeys(counts, 0.0)

    def record(name: str, inputs: Tensor) -> None:
        low, high = (float(x) for x in torch.aminmax(inputs))
        if not (low >= 0 and high < float("inf")):
            raise CalibrationError(
                f"The inputs of {name} range from {low:g} to {high:g}, but unsigned codes need "
                "finite numbers that are not negative: put a ReLU before this layer."
            )
        patterns = inputs.float().abs().flatten().view(torch.int32) >> DROPPED_BITS
        counts[name] += torch.bincount(patterns, minlength=BINS)
        maxima[name] = max(maxima[name], high)

    for name in counts:
        model.get_submodule(name).register_forward_pre_hook(
            lambda module, args, name=name: record(name, args[0])
        )
    with full_float32(device):
        for batch in images.split(BATCH):
            model(normalize(batch.to(device)).contiguous(memory_format=torch.channels_last))
    return {name: _histogram(counts[name].cpu(), maxima[name]) for name in counts}


def _histogram(counts: Tensor, maximum: float) -> Histogram:
    """Return the histogram without bin 0: zeros and subnormals are exact at every scale."""
    bins = counts[1:].nonzero().flatten() + 1
    centers = ((bins << DROPPED_BITS) + (1 << (DROPPED_BITS - 1))).to(torch.int32)
    return Histogram(centers.view(torch.float32).double(), counts[bins].double(), maximum)


def least_mse_scale(histogram: Histogram, largest: int) -> float:
    """Return the s that minimizes sum (x - s x_int)^2 for codes 0..`largest`, equation (4).

    The error has several minima at 2 and 3 bits. A geometric grid over two decades comes first and
    is refined around its best point. Ranges above the maximum never win: the outermost code
    represents everything up to half a step beyond it.
    """
    fractions = torch.logspace(math.log10(SMALLEST_FRACTION), 0, COARSE_STEPS, dtype=torch.float64)
    candidates = histogram.maximum / largest * fractions
    for _ in range(REFINEMENTS):
        best = _least_error(histogram, candidates, largest)
        last = len(candidates) - 1
        low, high = float(candidates[max(best - 1, 0)]), float(candidates[min(best + 1, last)])
        candidates = torch.linspace(low, high, REFINED_STEPS, dtype=torch.float64)
    return float(candidates[_least_error(histogram, candidates, largest)])


def _least_error(histogram: Histogram, candidates: Tensor, largest: int) -> int:
    """Return the index of the candidate scale (K,) with the least sum of squared errors."""
    scales = candidates[:, None]
    recovered = (histogram.values / scales).round_().clamp_(max=largest).mul_(scales)
    errors = recovered.sub_(histogram.values).square_() @ histogram.counts
    return int(errors.argmin())
