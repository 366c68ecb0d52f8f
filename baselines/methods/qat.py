"""Quantization-aware training: from the float network to a cell of Table 1.

    start       the float network; steps of weights and inputs at their least squared error
    loss        KL divergence from the float network (Hinton et al. 2015, temperature 1) plus cross
                entropy with the labels
    schedule    SGD with momentum, a short warm-up, cosine to zero
    (`quantlab.training.trainer.fit`); steps
                and batch normalization do not decay, PACT's alpha does (Choi et al. 2018)
    BN          trains on batch statistics: they follow weights that change codes in every step,
                where frozen ones would belong to other weights. The running statistics trail
                behind, so that in the end they are averaged anew with the final weights

`METHODS` names the pairs of quantizers. The float network and the recipe are all that differs
between the cells. It can fail as `fit` and `quantlab.network.calibration` do.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.ranges import weight_scale
from baselines.network import quantized_network
from baselines.quantizers.base import Quantizer, signed_codes, unsigned_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from baselines.quantizers.lsq import LearnedStep
from baselines.quantizers.pact import ParameterizedClipping
from baselines.quantizers.sat import CalibratedClipping, ScaleAdjusted
from baselines.quantizers.sawb import StatisticsAwareBinning
from baselines.quantizers.ste import StraightThrough
from baselines.quantizers.symmetric import Symmetric
from quantlab.data.images import ImageSet
from quantlab.formats.saved_model import LAYERS
from quantlab.network.calibration import input_scales
from quantlab.training.augmentation import augmented_batches
from quantlab.training.fine_tuning import average_batch_norm, distillation_loss
from quantlab.training.recipe import Recipe
from quantlab.training.trainer import Epoch, fit

STATISTICS_BATCHES = 40
OF_WEIGHTS = Callable[[Tensor, int], Quantizer]  # (weight, bits)
OF_INPUTS = Callable[[float, int, int], Quantizer]  # (scale, bits, elements of one image)


@dataclass(frozen=True)
class Method:
    """How weights and inputs are quantized while training."""

    weights: OF_WEIGHTS
    inputs: OF_INPUTS


def _learned_weights(weight: Tensor, bits: int) -> Quantizer:
    scale = weight_scale(weight, bits, "heuristic")
    return LearnedStep(*signed_codes(bits), scale, weight.numel())


def _learned_inputs(scale: float, bits: int, elements: int) -> Quantizer:
    return LearnedStep(*unsigned_codes(bits), scale, elements)


def _clipping(scale: float, bits: int, elements: int) -> Quantizer:
    return ParameterizedClipping(unsigned_codes(bits)[1], scale)


def _calibrated_clipping(scale: float, bits: int, elements: int) -> Quantizer:
    return CalibratedClipping(unsigned_codes(bits)[1], scale)


METHODS: Mapping[str, Method] = {
    "LSQ": Method(_learned_weights, _learned_inputs),
    "SAT": Method(ScaleAdjusted, _calibrated_clipping),
    "SAWB": Method(StatisticsAwareBinning, _clipping),
    "sym": Method(Symmetric, _clipping),
    "clipped STE": Method(
        Symmetric, lambda scale, bits, _: ClippedStraightThrough(*unsigned_codes(bits), scale)
    ),
    "STE": Method(Symmetric, lambda scale, bits, _: StraightThrough(*unsigned_codes(bits), scale)),
}


def calibrated_scales(model: nn.Module, act_bits: int, images: Tensor) -> dict[str, float]:
    """The scale of least squared error for the inputs of each layer, from uint8 `images`."""
    return input_scales(model, LAYERS, images, act_bits, "heuristic")


def learning_network(
    model: nn.Module, bits: tuple[int, int], method: str, scales: Mapping[str, float]
) -> nn.Module:
    """A copy of the float `model` that trains by `method`, with `bits` of weights and inputs.

    `scales` are those that the inputs of each layer start with.
    """
    weight_bits, act_bits = bits
    chosen = METHODS[method]
    elements = _input_elements(model)

    def quantizers(name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Quantizer, Quantizer]:
        of_inputs = chosen.inputs(scales[name], act_bits, elements[name])
        return chosen.weights(layer.weight.detach(), weight_bits), of_inputs

    return quantized_network(model, quantizers)


@torch.no_grad()
def _input_elements(model: nn.Module) -> dict[str, int]:
    """How many inputs each layer of the float `model` has for one image."""
    found: dict[str, int] = {}

    def count(name: str, input: Tensor) -> None:
        found[name] = input[0].numel()

    hooks = [
        model.get_submodule(name).register_forward_pre_hook(
            lambda module, args, name=name: count(name, args[0])
        )
        for name in LAYERS
    ]
    model(torch.zeros(1, 3, 32, 32, device=next(model.parameters()).device))
    for hook in hooks:
        hook.remove()
    return found


def parameter_groups(network: nn.Module) -> list[dict[str, Any]]:
    """For the optimizer: weights and PACT's alpha decay; steps, BN and bias do not."""
    ranges = [m.alpha for m in network.modules() if isinstance(m, ParameterizedClipping)]
    decaying = [p for p in network.parameters() if p.ndim > 1] + ranges
    known = {id(parameter) for parameter in decaying}
    rest = [p for p in network.parameters() if id(p) not in known]
    return [{"params": decaying}, {"params": rest, "weight_decay": 0.0}]


def train_quantized(
    network: nn.Module,
    teacher: nn.Module,
    train: ImageSet,
    recipe: Recipe,
    *,
    validation: ImageSet | None = None,
    checkpoint: Path | None = None,
    compile: bool = False,
    progress: bool = True,
) -> tuple[nn.Module, list[Epoch]]:
    """A fake-quantized `network`, trained by `recipe` to follow its float `teacher`; its epochs.

    With held-out `validation` images the epoch that is best on them is kept. On a GPU if there is
    one. `compile=True` fuses quantizers with what stands around them (`torch.compile`).
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    guide = copy.deepcopy(teacher).to(device).to(memory_format=torch.channels_last).eval()
    if compile:
        guide.compile(dynamic=False)
    history = fit(
        network,
        train,
        recipe,
        loss=distillation_loss(guide),
        groups=parameter_groups(network),
        validation=validation,
        checkpoint=checkpoint,
        device=device,
        compile=compile,
        progress=progress,
    )
    batches = augmented_batches(train, recipe, recipe.epochs, device)
    average_batch_norm(network, islice(batches, STATISTICS_BATCHES))
    return network.cpu(), history
