"""Post-training quantization of ResNet-20: every method as one table.

    network = post_training(model, (4, 4), "BRECQ", images)

`images` have no labels, so that none can be used. `PTQ_METHODS` are:

* "sym", "SAWB", "heuristic": the handout's. The scale of each weight tensor is by its rule
  (`baselines.methods.scales`). Scales of inputs are by calibration: the maximum for "sym", the
  least squared error for the others. "sym + MSE inputs" has weights by "sym" and inputs by least
  squared error.
* The same followed by "+ bias correction" or "+ batch normalization": the mean of every channel is
  corrected, or all statistics are estimated again (`baselines.methods.bias_correction`,
  `baselines.methods.batch_norm_re_estimation`).
* "AdaRound": rounding up or down is learned, layer by layer (`baselines.methods.adaround`).
* "BRECQ", "QDrop", "AdaQuant": quantizers are learned block by block (`baselines.methods.brecq`).

The same arguments give the same network.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Tensor, nn

from baselines.methods.adaround import adaround
from baselines.methods.batch_norm_re_estimation import re_estimate
from baselines.methods.bias_correction import correct_bias
from baselines.methods.brecq import BlockSettings, block_reconstruction
from baselines.methods.reconstruction import ReconstructionSchedule
from baselines.methods.scales import weight_scale
from baselines.quantized_network import quantized_network
from baselines.quantizers.base import Quantizer, signed_codes, unsigned_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from quantlab.formats.saved_model import LAYERS
from quantlab.network.calibration import input_scales

MOST_IMAGES = 1_024  # that post-training quantization may see
STATISTICS_PASSES = 4
LAYER_PLAN = ReconstructionSchedule(steps=400, views=4)
BLOCK_PLAN = ReconstructionSchedule(steps=400, views=8)  # about 90 s of one core

Quantize = Callable[[nn.Module, tuple[int, int], Tensor, int], nn.Module]


@dataclass(frozen=True)
class PtqMethod:
    """Holds `quantize(model, bits, images, seed)`, and the unit that it trains at a time."""

    quantize: Quantize
    trained: Literal["nothing", "a layer", "a block"]


@dataclass(frozen=True)
class DataUsed:
    """Data used of the training set: number of images, whether with labels, what was trained."""

    images: int
    labels: bool
    trained: Literal["nothing", "a layer", "a block"]


def post_training(
    model: nn.Module, bits: tuple[int, int], method: str, images: Tensor, seed: int = 0
) -> nn.Module:
    """Return a quantized copy of the float ResNet-20 `model`, in evaluation mode.

    `bits` are those of weights and inputs, `method` is one of `PTQ_METHODS`, `images` are uint8 (N,
    3, 32, 32), at most `MOST_IMAGES`. Raise `ValueError` and `CalibrationError`.
    """
    chosen = _method(method)
    if len(images) > MOST_IMAGES:
        raise ValueError(
            f"Expected at most {MOST_IMAGES} images for post-training quantization, got "
            f"{len(images)}."
        )
    network = chosen.quantize(model, bits, images, seed)
    return network.eval().to(next(model.parameters()).device)


def data_used(method: str, images: Tensor) -> DataUsed:
    """Return what `post_training` uses with these arguments. Raise `ValueError`."""
    return DataUsed(len(images), labels=False, trained=_method(method).trained)


def _method(name: str) -> PtqMethod:
    if name not in PTQ_METHODS:
        raise ValueError(f"There is no method {name!r}; choose one of {', '.join(PTQ_METHODS)}.")
    return PTQ_METHODS[name]


def _scaled(
    model: nn.Module,
    bits: tuple[int, int],
    images: Tensor,
    seed: int,
    *,
    weights: str,
    inputs: str,
    correct: bool = False,
    estimate: bool = False,
) -> nn.Module:
    """Return a network at constant scales by two rules, then corrected or re-estimated."""
    scales = input_scales(model, LAYERS, images, bits[1], inputs)

    def quantizers(name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Quantizer, Quantizer]:
        scale = weight_scale(layer.weight, bits[0], weights)
        return (
            ClippedStraightThrough(*signed_codes(bits[0]), scale),
            ClippedStraightThrough(*unsigned_codes(bits[1]), scales[name]),
        )

    network = quantized_network(model, quantizers)
    if correct:
        correct_bias(network, model, images)
    if estimate:
        re_estimate(network, images, STATISTICS_PASSES, seed)
    return network


def _rounded(model: nn.Module, bits: tuple[int, int], images: Tensor, seed: int) -> nn.Module:
    return adaround(model, bits, images, LAYER_PLAN, seed)


def _handout() -> dict[str, PtqMethod]:
    """Return every rule of the handout alone, with corrected means, and re-estimated."""
    rules = {
        "sym": ("sym", "sym"),
        "sym + MSE inputs": ("sym", "heuristic"),
        "SAWB": ("SAWB", "SAWB"),
        "heuristic": ("heuristic", "heuristic"),
    }
    methods = {}
    for name, (weights, inputs) in rules.items():
        plain = partial(_scaled, weights=weights, inputs=inputs)
        methods[name] = PtqMethod(plain, "nothing")
        methods[f"{name} + bias correction"] = PtqMethod(partial(plain, correct=True), "nothing")
        methods[f"{name} + batch normalization"] = PtqMethod(
            partial(plain, estimate=True), "nothing"
        )
    return methods


def _by_blocks(settings: BlockSettings) -> PtqMethod:
    def quantize(model: nn.Module, bits: tuple[int, int], images: Tensor, seed: int) -> nn.Module:
        return block_reconstruction(model, bits, images, settings, seed)

    return PtqMethod(quantize, "a block")


PTQ_METHODS: Mapping[str, PtqMethod] = {
    **_handout(),
    "AdaRound": PtqMethod(_rounded, "a layer"),
    "BRECQ": _by_blocks(BlockSettings(BLOCK_PLAN, "rounding")),
    "QDrop": _by_blocks(BlockSettings(BLOCK_PLAN, "rounding", drop=0.5)),
    "AdaQuant": _by_blocks(BlockSettings(BLOCK_PLAN, "free")),
}
