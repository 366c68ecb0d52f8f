"""Quantize a network at given bit widths after training: block by block, without labels.

As `baselines.methods.brecq` with free weights (AdaQuant; Hubara et al. 2021), but for a width in
every layer, and for weights only. Each part learns to return what the float network returns there,
from the outputs of the parts before it, already quantized. The parts are conv1 with its batch norm,
the nine blocks, and the classifier. Weights, steps, and scale and bias of batch norm are learned;
its statistics stay. One bit is `CenteredBinary`, more are LSQ with the logarithm of the step.

`reconstruct` trains all parts in turn. `reconstruct_block` trains one alone, on inputs of the float
network, to measure how well a block can do at a width whatever the others have.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.bit_widths.mixed_network import mixed_network, weight_quantized
from baselines.bit_widths.weight_quantizers import learned_log_step
from baselines.methods.brecq import (
    NORM_RATE,
    WEIGHT_RATE,
    WEIGHT_STEP_RATE,
    divergence,
    relative_error,
)
from baselines.methods.reconstruction import (
    Rates,
    ReconstructionSchedule,
    calibration_views,
    minimize,
    run_in_batches,
)
from baselines.quantizers.base import Quantizer
from baselines.quantizers.qdrop import DroppingStep
from quantlab.network.resnet import BasicBlock

PLAN = ReconstructionSchedule(steps=400, views=8)


class _Stem(nn.Module):
    """The first part of ResNet-20, up to the first block; it shares the layers of `network`."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.conv1, self.bn1 = network.conv1, network.bn1

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn1(self.conv1(x)))


def reconstruct(
    model: nn.Module,
    bit_widths: Mapping[str, int],
    images: Tensor,
    plan: ReconstructionSchedule = PLAN,
    seed: int = 0,
) -> nn.Module:
    """Return a quantized copy of the float ResNet-20 `model`, in evaluation mode.

    `images` are uint8 (N, 3, 32, 32). Inputs and outputs of the first blocks take 256 KiB of memory
    for each view of an image.
    """
    teacher: Any = copy.deepcopy(model).eval()
    network: Any = mixed_network(teacher, bit_widths, learned_log_step).eval()
    generator = torch.Generator().manual_seed(seed)
    inputs = calibration_views(images, plan.views, generator)
    parts: list[tuple[str, nn.Module, nn.Module]] = [("conv1", _Stem(teacher), _Stem(network))]
    parts += [(name, block, network.get_submodule(name)) for name, block in _blocks(teacher)]
    wanted = inputs
    for name, of_teacher, part in parts:
        wanted = run_in_batches(of_teacher, wanted)
        _train(part, inputs, wanted, relative_error, plan, generator, name)
        inputs = run_in_batches(part, inputs)
    logits = teacher.fc(wanted.mean((2, 3))).detach()
    _train(network.fc, inputs.mean((2, 3)), logits, divergence, plan, generator, "fc")
    return network


def reconstruct_block(
    model: nn.Module,
    name: str,
    bit_widths: Mapping[str, int],
    inputs: Tensor,
    plan: ReconstructionSchedule = PLAN,
    seed: int = 0,
) -> nn.Module:
    """Return the block `name` alone, quantized, in evaluation mode.

    `inputs` (N, C, H, W) are from the float network. `bit_widths` contain its two convolutions.
    """
    everywhere = dict.fromkeys((n for n, _ in model.named_modules()), 8) | dict(bit_widths)
    part = mixed_network(model, everywhere, learned_log_step).eval().get_submodule(name)
    wanted = run_in_batches(model.get_submodule(name), inputs)
    generator = torch.Generator().manual_seed(seed)
    _train(part, inputs, wanted, relative_error, plan, generator, name)
    return part


def _blocks(model: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(name, m) for name, m in model.named_modules() if isinstance(m, BasicBlock)]


def _train(
    part: nn.Module,
    inputs: Tensor,
    wanted: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    plan: ReconstructionSchedule,
    generator: torch.Generator,
    title: str,
) -> None:
    rates = _rates(part)
    for layer in part.modules():
        if isinstance(layer, Quantizer):
            layer.train()  # batch normalization keeps its statistics

    def objective(index: Tensor, elapsed: float) -> Tensor:
        return loss(part(inputs[index]), wanted[index])

    minimize(objective, rates, len(inputs), plan, generator, title)
    part.eval()


def _rates(part: nn.Module) -> Rates:
    layers = list(weight_quantized(part).values())
    norms = [module for module in part.modules() if isinstance(module, nn.BatchNorm2d)]
    others: list[Tensor] = [parameter for norm in norms for parameter in norm.parameters()]
    others += [layer.layer.bias for layer in layers if layer.layer.bias is not None]
    rates: Rates = [(others, NORM_RATE)] if others else []
    for layer in layers:
        rates.append(([layer.layer.weight], WEIGHT_RATE))
        logarithmic = isinstance(layer.quantizer, DroppingStep)
        rate = WEIGHT_STEP_RATE * (1 if logarithmic else float(layer.quantizer.scale.detach()))
        rates.append((list(layer.quantizer.parameters()), rate))
    return rates
