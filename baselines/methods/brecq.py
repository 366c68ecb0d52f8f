"""Block reconstruction: each residual block learns to return what it returned in float.

BRECQ (Li et al. 2021) trains the quantizers of a whole residual block at once, on the squared error
of its output, because errors inside a block may cancel. It leaves other blocks alone, because a
thousand images cannot determine a whole network. Here, per unit (nine blocks, then the classifier):

    inputs    from the units before it, already quantized; targets from the float network
    loss      the squared error of the block's output, relative to the mean square of the targets;
              for the classifier the KL divergence from the float network's predictions
    trained   steps of the inputs (LSQ; with QDrop where `drop` is above 0), and of the weights
              either "rounding": the variables of `AdaRound`, as in the paper; or "free": the
              weights themselves, the step of their grid, and weight and bias of the block's batch
              norm, by the straight-through estimator (AdaQuant, Hubara et al. 2021, has this per
              layer)

Rounding can move a weight by at most one code. With four codes in all that is too little.

Batch norm keeps the statistics of the float network. No label is used, and no gradient passes from
one block to another. PD-Quant's divergence of the network's prediction (Liu et al. 2023) as a part
of the loss took twice the time and was no better on held-out images.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.methods.adaround import AdaRound, rounding_penalty
from baselines.methods.reconstruction import (
    Rates,
    ReconstructionSchedule,
    calibration_views,
    freeze,
    minimize,
    run_in_batches,
)
from baselines.methods.scales import weight_scale
from baselines.quantized_network import QuantizedLayer, quantized_layers, quantized_network
from baselines.quantizers.base import Quantizer, signed_codes, unsigned_codes
from baselines.quantizers.qdrop import DroppingStep
from quantlab.formats.saved_model import LAYERS
from quantlab.network.calibration import input_scales
from quantlab.network.resnet import BasicBlock

WEIGHT_RATE = 1e-3  # of Adam
ROUNDING_RATE = 1e-2
INPUT_STEP_RATE = 2e-3  # of the logarithm, so relative
WEIGHT_STEP_RATE = 1e-3
NORM_RATE = 1e-3


@dataclass(frozen=True)
class BlockSettings:
    """How long, what is learned of the weights, and the probability of dropping an input."""

    plan: ReconstructionSchedule
    weights: Literal["rounding", "free"]
    drop: float = 0.0


def block_reconstruction(
    model: nn.Module, bits: tuple[int, int], images: Tensor, settings: BlockSettings, seed: int = 0
) -> nn.Module:
    """Return a quantized copy of the float ResNet-20 `model`, in evaluation mode.

    `bits` are those of weights and inputs, `images` uint8 (N, 3, 32, 32). Inputs and outputs of the
    first blocks take 256 KiB of memory for each view of an image. Raise `CalibrationError`.
    """
    teacher: Any = copy.deepcopy(model).eval()
    network = _learning(teacher, bits, images, settings).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # of what is dropped
        _reconstruct(network, teacher, images, settings.plan, generator)
    freeze(network)
    return network


def _reconstruct(
    network: nn.Module,
    teacher: Any,
    images: Tensor,
    plan: ReconstructionSchedule,
    generator: torch.Generator,
) -> None:
    """Train the blocks of `network` in their order, then its classifier."""
    blocks = {n: m for n, m in teacher.named_modules() if isinstance(m, BasicBlock)}
    views = calibration_views(images, plan.views, generator).to(teacher.conv1.weight.device)
    wanted = run_in_batches(lambda x: F.relu(teacher.bn1(teacher.conv1(x))), views)
    inputs = wanted
    for name, block in blocks.items():
        wanted = run_in_batches(block, wanted)
        unit = network.get_submodule(name)
        _train(unit, inputs, wanted, relative_error, plan, generator, name)
        inputs = run_in_batches(unit, inputs)
    logits, inputs = teacher.fc(wanted.mean((2, 3))).detach(), inputs.mean((2, 3))
    _train(network.get_submodule("fc"), inputs, logits, divergence, plan, generator, "fc")


def _learning(
    model: nn.Module, bits: tuple[int, int], images: Tensor, settings: BlockSettings
) -> nn.Module:
    """Return a network with every quantizer at the scale of least squared error."""
    signed, unsigned = signed_codes(bits[0]), unsigned_codes(bits[1])
    scales = input_scales(model, LAYERS, images, bits[1], "heuristic")

    def quantizers(name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Quantizer, Quantizer]:
        scale = weight_scale(layer.weight, bits[0], "heuristic")
        inputs = DroppingStep(scales[name], *unsigned, drop=settings.drop)
        if settings.weights == "rounding":
            return AdaRound(layer.weight, scale, *signed), inputs
        return DroppingStep(scale, *signed), inputs

    return quantized_network(model, quantizers).to(next(model.parameters()).device)


def relative_error(output: Tensor, wanted: Tensor) -> Tensor:
    """Return the squared error of `output` relative to the mean square of `wanted`."""
    return F.mse_loss(output, wanted) / wanted.square().mean()


def divergence(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return the KL divergence from the predictions `wanted`, in nats."""
    return F.kl_div(logits.log_softmax(1), wanted.softmax(1), reduction="batchmean")


def _train(
    unit: nn.Module,
    inputs: Tensor,
    wanted: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    plan: ReconstructionSchedule,
    generator: torch.Generator,
    title: str,
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

    def objective(index: Tensor, elapsed: float) -> Tensor:
        return loss(unit(inputs[index]), wanted[index]) + rounding_penalty(roundings, elapsed)

    minimize(objective, rates, len(inputs), plan, generator, title)
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
