"""Block reconstruction: one residual block after the other learns to give what it gave in float.

BRECQ (Li et al. 2021) trains the quantizers of a whole residual block at once on the squared error
of its output, because errors inside a block may cancel, and leaves the other blocks alone, because
a thousand images cannot fix a whole network. Here, per unit (nine blocks, then the classifier):

    inputs    from the part that is quantized already; targets from the float network
    loss      the squared error of the block's output, relative to the mean square of the targets,
              plus `prediction` times the KL divergence between the float network's prediction and
              the one that its remaining float blocks make of this output (PD-Quant, Liu et al.
              2023); for the classifier that divergence alone
    trained   steps of the inputs (LSQ; with QDrop where `drop` is above 0), and of the weights
              either "rounding": the variables of `AdaRound`, as in the paper; or "free": the
              weights themselves, the step of their grid, and weight and bias of the block's batch
              normalization, by the straight-through estimator (AdaQuant, Hubara et al. 2021, has
              this per layer)

A rounding can move a weight by one code at most. With four codes in all that is too little.

Batch normalization keeps the statistics of the float network. No label is used, and no gradient
ever trains two blocks at once. It can fail as `quantlab.calibration` does.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.adaround import AdaRound, undecided
from baselines.network import QuantizedLayer, quantized_layers, quantized_network
from baselines.quantizers.base import Quantizer, signed_codes, unsigned_codes
from baselines.quantizers.qdrop import DroppingStep
from baselines.ranges import weight_scale
from baselines.reconstruction import (
    Plan,
    Rates,
    batched,
    calibration_views,
    freeze,
    minimize,
)
from quantlab.calibration import input_scales
from quantlab.checkpoint import LAYERS
from quantlab.resnet import BasicBlock

WEIGHT_RATE = 3e-3  # of Adam
ROUNDING_RATE = 1e-2
INPUT_STEP_RATE = 2e-3  # of the logarithm, so relative
WEIGHT_STEP_RATE = 1e-3
NORM_RATE = 1e-3


@dataclass(frozen=True)
class Settings:
    """What is learned of the weights, with which probability inputs are dropped, the loss."""

    plan: Plan
    weights: Literal["rounding", "free"]
    drop: float = 0.0
    prediction: float = 0.0


def block_reconstruction(
    model: nn.Module, bits: tuple[int, int], images: Tensor, settings: Settings, seed: int = 0
) -> nn.Module:
    """A quantized copy of the float ResNet-20 `model`, in evaluation mode.

    `bits` are those of weights and inputs, `images` uint8 (N, 3, 32, 32). Raises
    `CalibrationError`.
    """
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # what is dropped
    teacher: Any = copy.deepcopy(model).eval()
    network = _learning(teacher, bits, images, settings).eval()
    blocks = {n: m for n, m in teacher.named_modules() if isinstance(m, BasicBlock)}
    views = calibration_views(images, settings.plan.views, generator)
    wanted = batched(lambda x: F.relu(teacher.bn1(teacher.conv1(x))), views)
    logits = batched(_rest(teacher, list(blocks.values())), wanted)
    inputs = wanted
    for position, (name, block) in enumerate(blocks.items()):
        wanted = batched(block, wanted)
        rest = _rest(teacher, list(blocks.values())[position + 1 :])
        unit = network.get_submodule(name)
        loss = _block_loss(unit, inputs, wanted, rest, logits, settings)
        _train(unit, loss, len(views), settings.plan, generator, name)
        inputs = batched(unit, inputs)
    unit = network.get_submodule("fc")
    inputs = inputs.mean((2, 3))
    _train(unit, _logit_loss(unit, inputs, logits), len(views), settings.plan, generator, "fc")
    freeze(network)
    return network


Loss = Callable[[Tensor], Tensor]


def _learning(
    model: nn.Module, bits: tuple[int, int], images: Tensor, settings: Settings
) -> nn.Module:
    """Every quantizer at the scale of least squared error, ready to be trained."""
    signed, unsigned = signed_codes(bits[0]), unsigned_codes(bits[1])
    scales = input_scales(model, LAYERS, images, bits[1], "heuristic")

    def quantizers(name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Quantizer, Quantizer]:
        scale = weight_scale(layer.weight, bits[0], "heuristic")
        inputs = DroppingStep(scales[name], *unsigned, drop=settings.drop)
        if settings.weights == "rounding":
            return AdaRound(layer.weight, scale, *signed), inputs
        return DroppingStep(scale, *signed), inputs

    return quantized_network(model, quantizers)


def _rest(model: Any, blocks: Sequence[nn.Module]) -> Callable[[Tensor], Tensor]:
    """The float network from after some block to the logits."""

    def forward(x: Tensor) -> Tensor:
        for block in blocks:
            x = block(x)
        return model.fc(x.mean((2, 3)))

    return forward


def _divergence(logits: Tensor, wanted: Tensor) -> Tensor:
    return F.kl_div(logits.log_softmax(1), wanted.softmax(1), reduction="batchmean")


def _block_loss(
    unit: nn.Module,
    inputs: Tensor,
    wanted: Tensor,
    rest: Callable[[Tensor], Tensor],
    logits: Tensor,
    settings: Settings,
) -> Loss:
    power = wanted.square().mean()

    def loss(index: Tensor) -> Tensor:
        output = unit(inputs[index])
        value = F.mse_loss(output, wanted[index]) / power
        if settings.prediction > 0:
            value = value + settings.prediction * _divergence(rest(output), logits[index])
        return value

    return loss


def _logit_loss(unit: nn.Module, inputs: Tensor, logits: Tensor) -> Loss:
    return lambda index: _divergence(unit(inputs[index]), logits[index])


def _train(
    unit: nn.Module, loss: Loss, count: int, plan: Plan, generator: torch.Generator, title: str
) -> None:
    layers = list(quantized_layers(unit).values())
    for layer in layers:
        layer.train()  # the quantizers: batch normalization keeps its statistics
    roundings = [q for q in (layer.weight_quantizer for layer in layers) if isinstance(q, AdaRound)]
    steps: list[Tensor] = [p for layer in layers for p in layer.input_quantizer.parameters()]
    rates: Rates = [(steps, INPUT_STEP_RATE)]
    if roundings:
        rates.append(([quantizer.rounding for quantizer in roundings], ROUNDING_RATE))
    else:
        rates += _free_rates(unit, layers)
    minimize(
        lambda index, elapsed: loss(index) + undecided(roundings, elapsed),
        rates,
        count,
        plan,
        generator,
        title,
    )
    unit.eval()


def _free_rates(unit: nn.Module, layers: list[QuantizedLayer]) -> Rates:
    norms = [module for module in unit.modules() if isinstance(module, nn.BatchNorm2d)]
    affine: list[Tensor] = [parameter for norm in norms for parameter in norm.parameters()]
    biases = [layer.layer.bias for layer in layers if layer.layer.bias is not None]
    return [
        ([layer.layer.weight for layer in layers], WEIGHT_RATE),
        ([p for layer in layers for p in layer.weight_quantizer.parameters()], WEIGHT_STEP_RATE),
        (affine + biases, NORM_RATE),
    ]
