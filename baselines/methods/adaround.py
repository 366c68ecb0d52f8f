"""AdaRound: learn whether each weight is rounded up or down, layer by layer.

Nagel et al. 2020, "Up or Down? Adaptive Rounding for Post-Training Quantization". Rounding to the
nearest code is best for a single weight, but not for the output of its layer. Hence

    w~ = s (b + h(V)),    h(V) = clip(1.2 sigmoid(V) - 0.1, 0, 1)        equations (22), (23)

with b = floor(w/s), and V such that h starts at the fraction w/s - b. V is trained on the squared
error of the layer's output plus lambda sum (1 - |2h - 1|^beta), which pushes every h to 0 or 1.
Afterwards h >= 1/2 rounds up. `adaround` trains one layer after another. It compares outputs behind
the following batch norm, where each channel has its final weight. Scales of inputs stay.

Two things differ from the paper. The penalty is the mean instead of the sum, and its factor fits an
error relative to the targets, so that neither depends on the size of a layer. And b is clipped to
low .. high - 1 rather than the sum to low .. high: a weight beyond the range keeps a gradient.
"""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.methods.reconstruction import (
    ReconstructionSchedule,
    calibration_views,
    freeze,
    minimize,
    run_in_batches,
)
from baselines.methods.scales import weight_scale
from baselines.quantized_network import QuantizedLayer, quantized_layers, quantized_network
from baselines.quantizers.base import Quantizer, signed_codes, unsigned_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from quantlab.formats.saved_model import LAYERS
from quantlab.network.calibration import input_scales

STRETCH_LOW, STRETCH_HIGH = -0.1, 1.1  # gamma and zeta
PENALTY = 1.0  # lambda
WARMUP = 0.2  # of the steps, without penalty
FIRST_BETA, LAST_BETA = 20.0, 2.0
RATE = 1e-2  # of Adam


class AdaRound(Quantizer):
    """Quantizes one weight tensor with learned rounding; `forward` takes that tensor.

    In training mode the weights are s (b + h), between codes; in evaluation mode each is on a code.
    """

    fixed: Tensor
    floor: Tensor

    def __init__(self, weight: Tensor, scale: float, low: int, high: int) -> None:
        """Start at the float `weight`."""
        super().__init__(low, high)
        self.register_buffer("fixed", torch.tensor(scale, dtype=torch.float32))
        ratio = weight.detach() / scale
        self.register_buffer("floor", ratio.floor().clamp(low, high - 1))
        fraction = (ratio - self.floor).clamp(0, 1)
        spread = STRETCH_HIGH - STRETCH_LOW
        self.rounding = nn.Parameter(((fraction - STRETCH_LOW) / spread).logit())

    @property
    def scale(self) -> Tensor:
        """The step, constant."""
        return self.fixed

    def up(self) -> Tensor:
        """Return h, float32 in [0, 1]: by how much of a step each weight is above b."""
        spread = STRETCH_HIGH - STRETCH_LOW
        return (self.rounding.sigmoid() * spread + STRETCH_LOW).clamp(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the weights s (b + h)."""
        return self.scale * (self.floor + (self.up() if self.training else self._decision()))

    def _decision(self) -> Tensor:
        return (self.up() >= 0.5).float()

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        """Return the codes, int16, of the shape of `x`."""
        return (self.floor + self._decision()).to(torch.int16)


def rounding_penalty(quantizers: Sequence[AdaRound], elapsed: float) -> Tensor | float:
    """Return lambda mean (1 - |2h - 1|^beta) over all weights, equation (24).

    `elapsed` runs from 0 to 1. The penalty is 0 in the warm-up. Then beta falls by a cosine: first
    only nearly decided roundings are pushed, in the end all of them.
    """
    if not quantizers or elapsed < WARMUP:
        return 0.0
    rest = (1 - elapsed) / (1 - WARMUP)
    beta = LAST_BETA + (FIRST_BETA - LAST_BETA) * (1 - math.cos(math.pi * rest)) / 2
    up = torch.cat([quantizer.up().flatten() for quantizer in quantizers])
    return PENALTY * (1 - (2 * up - 1).abs().pow(beta)).mean()


def adaround(
    model: nn.Module,
    bits: tuple[int, int],
    images: Tensor,
    plan: ReconstructionSchedule,
    seed: int = 0,
) -> nn.Module:
    """Return a quantized copy of the float ResNet-20 `model`, in evaluation mode.

    `bits` are those of weights and inputs, `images` uint8 (N, 3, 32, 32), without labels. Raise
    `CalibrationError`.
    """
    generator = torch.Generator().manual_seed(seed)
    model = copy.deepcopy(model).eval()
    scales = input_scales(model, LAYERS, images, bits[1], "heuristic")

    def quantizers(name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Quantizer, Quantizer]:
        scale = weight_scale(layer.weight, bits[0], "heuristic")
        rounding = AdaRound(layer.weight, scale, *signed_codes(bits[0]))
        return rounding, ClippedStraightThrough(*unsigned_codes(bits[1]), scales[name])

    device = next(model.parameters()).device
    network = quantized_network(model, quantizers).eval().to(device)
    views = calibration_views(images, plan.views, generator).to(device)
    for name, layer in quantized_layers(network).items():
        end = name.replace("conv", "bn")  # nothing follows the classifier
        after = nn.Identity() if end == name else network.get_submodule(end)
        inputs = run_in_batches(_watching(network, layer, lambda args, output: args[0]), views)
        watched = model.get_submodule(end)
        wanted = run_in_batches(_watching(model, watched, lambda args, output: output), views)
        _learn_rounding(layer, after, inputs, wanted, plan, generator, name)
    freeze(network)
    return network


def _learn_rounding(
    layer: QuantizedLayer,
    after: nn.Module,
    inputs: Tensor,
    wanted: Tensor,
    plan: ReconstructionSchedule,
    generator: torch.Generator,
    title: str,
) -> None:
    rounding, power = layer.weight_quantizer, wanted.square().mean()
    assert isinstance(rounding, AdaRound)

    def loss(index: Tensor, elapsed: float) -> Tensor:
        error = F.mse_loss(after(layer(inputs[index])), wanted[index]) / power
        return error + rounding_penalty([rounding], elapsed)

    layer.train()
    minimize(loss, [([rounding.rounding], RATE)], len(inputs), plan, generator, title)
    layer.eval()


def _watching(
    network: nn.Module, module: nn.Module, pick: Callable[[Any, Tensor], Tensor]
) -> Callable[[Tensor], Tensor]:
    """Return a function that runs `network` and returns `pick(args, output)` at `module`."""

    def run(x: Tensor) -> Tensor:
        picked: list[Tensor] = []
        hook = module.register_forward_hook(lambda _, args, out: picked.append(pick(args, out)))
        try:
            network(x)
        finally:
            hook.remove()
        return picked[0]

    return run
