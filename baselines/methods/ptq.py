"""Post-training quantization of ResNet-20: every method behind one function.

    network = post_training(model, (4, 4), "BRECQ", images)

`images` come without labels, so that none can be used. `METHODS` are:

* "sym", "SAWB", "heuristic": the handout's. The scale of each weight tensor by its rule
  (`baselines.methods.ranges`); scales of inputs by calibration, the maximum for "sym" and the least
squared   error for the others. "sym + MSE inputs" has weights by the one and inputs by the other.
* The same followed by "+ bias correction" or "+ batch normalization": the mean of every channel is
  corrected, or all statistics are estimated anew (`baselines.methods.bias_correction`,
  `baselines.methods.batch_norm`).
* "AdaRound": whether weights round up or down is learned, layer by layer
(`baselines.methods.adaround`).
* "BRECQ", "QDrop", "AdaQuant": quantizers are learned block by block (`baselines.methods.brecq`).

The same arguments give the same network. It can fail with a `ValueError` (another method, too many
images) and as `quantlab.network.calibration` does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Tensor, nn

from baselines.methods.adaround import adaround
from baselines.methods.batch_norm import re_estimate
from baselines.methods.bias_correction import correct_bias
from baselines.methods.brecq import Settings, block_reconstruction
from baselines.methods.ranges import weight_scale
from baselines.methods.reconstruction import Plan
from baselines.network import quantized_network
from baselines.quantizers.base import Quantizer, signed_codes, unsigned_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from quantlab.formats.saved_model import LAYERS
from quantlab.network.calibration import input_scales

MOST_IMAGES = 1_024  # that post-training quantization may see
STATISTICS_PASSES = 4
LAYER_PLAN = Plan(steps=400, views=4)
BLOCK_PLAN = Plan(steps=400, views=8)  # about 90 s of one core

Quantize = Callable[[nn.Module, tuple[int, int], Tensor, int], nn.Module]


@dataclass(frozen=True)
class Method:
    """`quantize(model, bits, images, seed)`, and what is trained by it, if anything, at a time."""

    quantize: Quantize
    trained: Literal["nothing", "a layer", "a block"]


@dataclass(frozen=True)
class DataSeen:
    """Of the training set: how many images, whether with labels, and what was trained on them."""

    images: int
    labels: bool
    trained: Literal["nothing", "a layer", "a block"]


def post_training(
    model: nn.Module, bits: tuple[int, int], method: str, images: Tensor, seed: int = 0
) -> nn.Module:
    """A quantized copy of the float ResNet-20 `model`, in evaluation mode; `model` is untouched.

    `bits` are those of weights and inputs, `method` one of `METHODS`, `images` uint8
    (N, 3, 32, 32), at most `MOST_IMAGES`. Raises `ValueError` and `CalibrationError`.
    """
    found = _method(method)
    if len(images) > MOST_IMAGES:
        raise ValueError(
            f"{len(images)} images are more than post-training quantization may see: give at most "
            f"{MOST_IMAGES}."
        )
    network = found.quantize(model, bits, images, seed)
    return network.eval().to(next(model.parameters()).device)


def data_seen(method: str, images: Tensor) -> DataSeen:
    """What `post_training` with these arguments looks at. Raises `ValueError`."""
    return DataSeen(len(images), labels=False, trained=_method(method).trained)


def _method(name: str) -> Method:
    if name not in METHODS:
        raise ValueError(f"There is no method {name!r}; choose one of {', '.join(METHODS)}.")
    return METHODS[name]


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
    """Constant scales by the rules `weights` and `inputs`; then what is corrected or estimated."""
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


def _handout() -> dict[str, Method]:
    """Every rule of the handout alone, with corrected means, and with estimated statistics."""
    rules = {
        "sym": ("sym", "sym"),
        "sym + MSE inputs": ("sym", "heuristic"),
        "SAWB": ("SAWB", "SAWB"),
        "heuristic": ("heuristic", "heuristic"),
    }
    methods = {}
    for name, (weights, inputs) in rules.items():
        plain = partial(_scaled, weights=weights, inputs=inputs)
        methods[name] = Method(plain, "nothing")
        methods[f"{name} + bias correction"] = Method(partial(plain, correct=True), "nothing")
        methods[f"{name} + batch normalization"] = Method(partial(plain, estimate=True), "nothing")
    return methods


def _by_blocks(settings: Settings) -> Method:
    def quantize(model: nn.Module, bits: tuple[int, int], images: Tensor, seed: int) -> nn.Module:
        return block_reconstruction(model, bits, images, settings, seed)

    return Method(quantize, "a block")


METHODS: Mapping[str, Method] = {
    **_handout(),
    "AdaRound": Method(_rounded, "a layer"),
    "BRECQ": _by_blocks(Settings(BLOCK_PLAN, "rounding")),
    "QDrop": _by_blocks(Settings(BLOCK_PLAN, "rounding", drop=0.5)),
    "AdaQuant": _by_blocks(Settings(BLOCK_PLAN, "free")),
}
