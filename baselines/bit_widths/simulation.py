"""What quantization of some layers does to the network's predictions, quickly, without labels.

    Omega(widths) = mean over the images of KL(softmax of the float network || softmax of the other)

as ZeroQ has it (Cai et al. 2020, section 3.3). Each weight tensor is at the scale of least squared
error. Batch normalization takes its statistics from the images themselves: re-estimated, which any
quantized network will be, and without which everything below 3 bits looks equally ruined.

One evaluation is one forward pass; weights are quantized once. It can fail as the networks do.
"""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.bit_widths.mixed_network import fixed_scale
from quantlab.data.images import normalize
from quantlab.formats.packed_model import LAYERS

FLOAT = 32  # the width that leaves a layer as it is


class Simulation:
    """The float ResNet-20 `model` on `images`, uint8 (N, 3, 32, 32), at widths of any choice."""

    def __init__(self, model: nn.Module, images: Tensor) -> None:
        self._network: Any = copy.deepcopy(model).eval()
        self._images = normalize(images).contiguous(memory_format=torch.channels_last)
        self._float = {
            name: self._network.get_parameter(f"{name}.weight").detach().clone() for name in LAYERS
        }
        self._known: dict[tuple[str, int], Tensor] = {}
        for module in self._network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train()
                module.momentum = 0.0  # statistics of the batch, and those that are stored stay
        self._target = self.logits({}).log_softmax(1)
        self.evaluations = 0

    def weight(self, name: str, bits: int) -> Tensor:
        """The weights of a layer on their grid, float32; zeros for 0 bits."""
        if bits == FLOAT:
            return self._float[name]
        if (name, bits) not in self._known:
            weight = self._float[name]
            found = fixed_scale(weight, bits)(weight) if bits else torch.zeros_like(weight)
            self._known[name, bits] = found
        return self._known[name, bits]

    @torch.no_grad()
    def logits(self, bit_widths: Mapping[str, int]) -> Tensor:
        """float32 (N, 10); layers that are not named stay in floating point."""
        for name in LAYERS:
            weight = self._network.get_parameter(f"{name}.weight")
            weight.copy_(self.weight(name, bit_widths.get(name, FLOAT)))
        return self._network(self._images)

    def divergence(self, bit_widths: Mapping[str, int]) -> float:
        """Omega of these widths, in nats."""
        self.evaluations += 1
        logits = self.logits(bit_widths).log_softmax(1)
        found = F.kl_div(logits, self._target, reduction="batchmean", log_target=True)
        return max(float(found), 0.0)  # rounding alone may carry it below
