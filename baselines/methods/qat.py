"""Quantization-aware training: from the float network to a cell of Table 1.

    start       the float network; steps of weights and inputs at their least squared error
    loss        KL divergence from the float network (Hinton et al. 2015, temperature 1) plus cross
                entropy with the labels
    schedule    SGD with momentum, short warm-up, cosine to zero (`quantlab.training.trainer.fit`);
                steps and batch norm do not decay, PACT's alpha does (Choi et al. 2018)
    batch norm  trains on batch statistics, which follow weights that change codes in every step; in
                the end the running statistics are averaged again with the final weights

`QAT_METHODS` are pairs of quantizers. Cells differ only in the float network and the recipe.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from baselines.methods.scales import weight_scale
from baselines.quantized_network import quantized_network
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
WeightQuantizers = Callable[[Tensor, int], Quantizer]  # (weight, bits)
InputQuantizers = Callable[[float, int, int], Quantizer]  # (scale, bits, elements of one image)


@dataclass(frozen=True)
class QatMethod:
    """Holds the quantizers of weights and inputs while training."""

    weights: WeightQuantizers
    inputs: InputQuantizers


def _learned_weights(weight: Tensor, bits: int) -> Quantizer:
    scale = weight_scale(weight, bits, "heuristic")
    return LearnedStep(*signed_codes(bits), scale, weight.numel())


def _learned_inputs(scale: float, bits: int, elements: int) -> Quantizer:
    return LearnedStep(*unsigned_codes(bits), scale, elements)


def _clipping(scale: float, bits: int, elements: int) -> Quantizer:
    return ParameterizedClipping(unsigned_codes(bits)[1], scale)


def _calibrated_clipping(scale: float, bits: int, elements: int) -> Quantizer:
    return CalibratedClipping(unsigned_codes(bits)[1], scale)


QAT_METHODS: Mapping[str, QatMethod] = {
    "LSQ": QatMethod(_learned_weights, _learned_inputs),
    "SAT": QatMethod(ScaleAdjusted, _calibrated_clipping),
    "SAWB": QatMethod(StatisticsAwareBinning, _clipping),
    "sym": QatMethod(Symmetric, _clipping),
    "clipped STE": QatMethod(
        Symmetric, lambda scale, bits, _: ClippedStraightThrough(*unsigned_codes(bits), scale)
    ),
    "STE": QatMethod(
        Symmetric, lambda scale, bits, _: StraightThrough(*unsigned_codes(bits), scale)
    ),
}


def calibrated_scales(model: nn.Module, act_bits: int, images: Tensor) -> dict[str, float]:
    """Return {layer: scale of least squared error of its inputs} on uint8 `images`."""
    return input_scales(model, LAYERS, images, act_bits, "heuristic")


def trainable_network(
    model: nn.Module, bits: tuple[int, int], method: str, scales: Mapping[str, float]
) -> nn.Module:
    """Return a copy of the float `model` that trains by `method`.

    `bits` are those of weights and inputs, `scales` the start of each layer's inputs.
    """
    weight_bits, act_bits = bits
    chosen = QAT_METHODS[method]
    elements = _input_elements(model)

    def quantizers(name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Quantizer, Quantizer]:
        input_quantizer = chosen.inputs(scales[name], act_bits, elements[name])
        return chosen.weights(layer.weight.detach(), weight_bits), input_quantizer

    return quantized_network(model, quantizers)


@torch.no_grad()
def _input_elements(model: nn.Module) -> dict[str, int]:
    """Return {layer: number of inputs for one image} of the float `model`."""
    elements: dict[str, int] = {}

    def count(name: str, input: Tensor) -> None:
        elements[name] = input[0].numel()

    hooks = [
        model.get_submodule(name).register_forward_pre_hook(
            lambda module, args, name=name: count(name, args[0])
        )
        for name in LAYERS
    ]
    model(torch.zeros(1, 3, 32, 32, device=next(model.parameters()).device))
    for hook in hooks:
        hook.remove()
    return elements


def parameter_groups(network: nn.Module) -> list[dict[str, Any]]:
    """Return groups for the optimizer: weights and PACT's alpha decay; the rest does not."""
    ranges = [m.alpha for m in network.modules() if isinstance(m, ParameterizedClipping)]
    decaying = [p for p in network.parameters() if p.ndim > 1] + ranges
    decaying_ids = {id(parameter) for parameter in decaying}
    rest = [p for p in network.parameters() if id(p) not in decaying_ids]
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
    """Return a fake-quantized `network` trained to follow its float `teacher`, and its epochs.

    With held-out `validation` images, the epoch that is best on them is kept. Training is on a GPU
    if there is one. `compile=True` fuses quantizers with their neighbors (`torch.compile`).
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
