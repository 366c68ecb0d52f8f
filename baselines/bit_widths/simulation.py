"""The effect of quantizing some layers on the network's predictions, quickly, without labels.

    Omega(widths) = mean over the images of KL(softmax of the float network || softmax of the other)

as in ZeroQ (Cai et al. 2020, section 3.3). Each weight tensor is at the scale of least squared
error. Batch norm uses the statistics of the images: they stand for re-estimation, without which
everything below 3 bits looks equally bad. One evaluation is one forward pass; weights are quantized
once.
"""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.bit_widths.weight_quantizers import fixed_scale
from quantlab.data.images import normalize
from quantlab.formats.packed_model import LAYERS

FLOAT = 32  # the width of a layer that stays in floating point


class Simulation:
    """Evaluates the float ResNet-20 `model` on uint8 `images` (N, 3, 32, 32) at any widths."""

    def __init__(self, model: nn.Module, images: Tensor) -> None:
        """Copy the model and compute its own predictions."""
        self._network: Any = copy.deepcopy(model).eval()
        self._images = normalize(images).contiguous(memory_format=torch.channels_last)
        self._float = {
            name: self._network.get_parameter(f"{name}.weight").detach().clone() for name in LAYERS
        }
        self._quantized: dict[tuple[str, int], Tensor] = {}
        for module in self._network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train()
                module.momentum = 0.0  # statistics of the batch, and those that are stored stay
        self._target = self.logits({}).log_softmax(1)
        self.evaluations = 0

    def weight(self, name: str, bits: int) -> Tensor:
        """Return the weights of a layer on their grid, float32; zeros for 0 bits."""
        if bits == FLOAT:
            return self._float[name]
        if (name, bits) not in self._quantized:
            weight = self._float[name]
            self._quantized[name, bits] = (
                fixed_scale(weight, bits)(weight) if bits else torch.zeros_like(weight)
            )
        return self._quantized[name, bits]

    @torch.no_grad()
    def logits(self, bit_widths: Mapping[str, int]) -> Tensor:
        """Return float32 (N, 10); layers that are not named stay in floating point."""
        for name in LAYERS:
            weight = self._network.get_parameter(f"{name}.weight")
            weight.copy_(self.weight(name, bit_widths.get(name, FLOAT)))
        return self._network(self._images)

    def divergence(self, bit_widths: Mapping[str, int]) -> float:
        """Return Omega of these widths, in nats."""
        self.evaluations += 1
        logits = self.logits(bit_widths).log_softmax(1)
        divergence = F.kl_div(logits, self._target, reduction="batchmean", log_target=True)
        return max(float(divergence), 0.0)  # rounding may make it negative
