"""Time of the data-free systems, measured where their papers do: on a ResNet-18 for ImageNet.

The weights are random, because the time does not depend on what a network has learned. As in the
papers, it is the time of quantizing, without reading the network. ZeroQ's is its whole pipeline on
the float ResNet-20: distill images, find ranges, quantize weights.
"""

import time
from collections.abc import Callable

import torch
from torch import nn
from torchvision.models import resnet18

from baselines.methods.batch_norm_folding import fold_batch_norm
from baselines.methods.isquant import least_error_grid
from baselines.methods.literature import SYSTEMS
from baselines.methods.squant import squant
from baselines.quantizers.affine import affine_grid

WEIGHT_BITS = 8
TRIES = 3


def measure_seconds(model: nn.Module) -> dict[str, float]:
    """Return {system: seconds}, with the keys of `acceptance_targets.SECONDS`.

    `model` is the float ResNet-20.
    """
    torch.manual_seed(0)
    network = resnet18(weights=None).eval()
    blank = torch.zeros(0, 3, 32, 32, dtype=torch.uint8)
    return {
        "SQuant, weights of a ResNet-18": _least(lambda: _squant(network)),
        "ISQuant, weights of a ResNet-18": _least(lambda: _isquant(network)),
        "ZeroQ, whole pipeline, ResNet-20": _seconds(
            lambda: SYSTEMS["ZeroQ"].quantize(model, (8, 8), blank)
        ),
    }


def _squant(network: nn.Module) -> None:
    for weight in _weights(network):
        squant(weight, affine_grid(weight, WEIGHT_BITS))


def _isquant(network: nn.Module) -> None:
    for weight in _weights(fold_batch_norm(network)):
        squant(weight, least_error_grid(weight, WEIGHT_BITS))


def _weights(network: nn.Module) -> list[torch.Tensor]:
    return [parameter.detach() for parameter in network.parameters() if parameter.ndim > 1]


def _least(work: Callable[[], object]) -> float:
    """Return the least time of several tries; the first one also wakes threads."""
    return min(_seconds(work) for _ in range(TRIES))


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
