"""Learned step size quantization (LSQ; Esser et al., ICLR 2020) of the kit's ResNet-20.

`learned_step_network` gives a copy of a float network in which every convolution but `conv1`, and
the linear layer, quantizes its weights (signed) and inputs (unsigned) per tensor, with steps that
are parameters and start at the steps of least squared error. Equation (3) of the paper, the
gradient of a step, is built into `torch._fake_quantize_learnable_per_tensor_affine`: x_int - x/s
inside the range, the outermost code outside, times 1/sqrt(N Q_p). What is out of range gets no
gradient.

The batch normalizations train on batch statistics, as everywhere. Their running statistics,
though, trail behind weights that change codes in every step; `restore_statistics` replaces them at
the end by the plain average over augmented batches, computed in float32 with the final weights.

`saved_model` turns the trained network into codes and scales. It can fail only as
`quantlab.calibration` does, with a `CalibrationError`.
"""

import copy
import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from quantlab.calibration import input_scales
from quantlab.checkpoint import LAYERS, TENSORS, SavedLayer, SavedModel

CANDIDATE_STEPS = 200
STATISTICS_BATCHES = 40


class LearnedStep(nn.Module):
    """Fake quantization of a tensor to the codes low..high times a learned step, any shape."""

    zero_point: Tensor

    def __init__(self, step: float, low: int, high: int) -> None:
        super().__init__()
        self.low, self.high = low, high
        self.step = nn.Parameter(torch.tensor([step]))
        self.register_buffer("zero_point", torch.zeros(1), persistent=False)

    @property
    def scale(self) -> Tensor:
        """The step, positive also when an update has carried the parameter across zero."""
        return self.step.abs()

    def fake_quantize(self, x: Tensor, elements: int) -> Tensor:
        """`elements` is the N of the gradient scale: weights of a layer, or inputs of one image."""
        return torch._fake_quantize_learnable_per_tensor_affine(
            x,
            self.scale,
            self.zero_point,
            self.low,
            self.high,
            1 / math.sqrt(elements * self.high),
        )

    def codes(self, x: Tensor) -> Tensor:
        """int8 codes, the same ones that `fake_quantize` rounds to."""
        return (x / self.scale).round().clamp(self.low, self.high).to(torch.int8)


class LearnedStepLayer(nn.Module):
    """A convolution or linear layer with learned steps; keeps the parameters of `layer`."""

    def __init__(
        self, layer: nn.Conv2d | nn.Linear, weight_bits: int, act_bits: int, input_scale: float
    ) -> None:
        super().__init__()
        low, high = -(2 ** (weight_bits - 1)), 2 ** (weight_bits - 1) - 1
        self.layer = layer
        self.weight_step = LearnedStep(least_error_step(layer.weight, low, high), low, high)
        self.input_step = LearnedStep(input_scale, 0, 2**act_bits - 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.input_step.fake_quantize(x, x[0].numel())
        weight = self.weight_step.fake_quantize(self.layer.weight, self.layer.weight.numel())
        if isinstance(self.layer, nn.Linear):
            return F.linear(x, weight, self.layer.bias)
        return F.conv2d(x, weight, None, self.layer.stride, self.layer.padding)


@torch.no_grad()
def least_error_step(weight: Tensor, low: int, high: int) -> float:
    """The step of least squared error, of `CANDIDATE_STEPS` up to twice that without clipping."""
    largest = float(weight.abs().max()) / -low
    candidates = torch.linspace(2 * largest / CANDIDATE_STEPS, 2 * largest, CANDIDATE_STEPS)
    errors = [
        ((weight / s).round().clamp(low, high) * s - weight).square().sum() for s in candidates
    ]
    return float(candidates[torch.stack(errors).argmin()])


def learned_step_network(
    model: nn.Module, weight_bits: int, act_bits: int, calibration: Tensor
) -> nn.Module:
    """A copy of the float `model` with learned steps, started from `calibration` images uint8."""
    scales = input_scales(model, LAYERS, calibration, act_bits, "heuristic")
    model = copy.deepcopy(model)
    for name in LAYERS:
        parent, _, child = name.rpartition(".")
        layer: Any = model.get_submodule(name)
        learned = LearnedStepLayer(layer, weight_bits, act_bits, scales[name])
        setattr(model.get_submodule(parent), child, learned)
    return model


def parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """For the optimizer: weights decay; steps, batch normalization and bias do not."""
    decaying = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decaying}, {"params": rest, "weight_decay": 0.0}]


@torch.no_grad()
def restore_statistics(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Average the statistics of the batch normalizations over `batches` of (images, labels)."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's way to say: the average of all batches so far
    model.train()
    for images, _ in batches:
        model(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()


@torch.no_grad()
def saved_model(model: nn.Module, dataset: str, weight_bits: int, act_bits: int) -> SavedModel:
    """The codes, scales and float tensors of a network that `learned_step_network` made."""
    layers, state = {}, model.state_dict()
    for name in LAYERS:
        module: Any = model.get_submodule(name)
        bias = module.layer.bias
        layers[name] = SavedLayer(
            weight_int=module.weight_step.codes(module.layer.weight).contiguous().cpu(),
            weight_scale=float(module.weight_step.scale),
            input_scale=float(module.input_step.scale),
            bias=None if bias is None else bias.detach().cpu(),
        )
    tensors = {name: state[name].contiguous().cpu() for name in TENSORS}
    return SavedModel("LSQ", dataset, weight_bits, act_bits, layers, tensors)
