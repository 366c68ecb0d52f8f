"""ZeroQ's grids by hand, and the two kinds of ReLU that the released code misses."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from baselines.methods.zeroq import zeroq
from baselines.quantized_network import quantized_layers
from baselines.quantizers.affine import Unquantized, affine_grid


class Twice(nn.Module):
    """One ReLU module behind two layers; `functional` calls it by name instead."""

    def __init__(self, functional: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 4, 1, bias=False)
        self.third = nn.Conv2d(4, 2, 1, bias=False)
        if not functional:
            self.relu = nn.ReLU()
        self.functional = functional

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        relu = F.relu if self.functional else self.relu
        x = relu(self.norm(self.first(x)))
        return self.third(relu(10 * self.second(x)))


def test_affine_grid_matches_a_manual_calculation_for_a_channel() -> None:
    # -1..2 at 2 bits: s = 1, z = round(-1) + 2 = 1, codes -2..1 stand for -1..2.
    grid = affine_grid(torch.tensor([[-1.0, 2.0, 0.4], [1.0, 3.0, 2.0]]), 2)
    assert grid.scale.flatten().tolist() == [1.0, 1.0]
    assert grid.zero_point.flatten().tolist() == [1.0, 2.0]  # the second from 0: 0 is exact
    weight = torch.tensor([[-1.0, 2.0, 0.4], [1.0, 3.0, 2.0]])
    assert grid.codes(weight).tolist() == [[-2, 1, -1], [-1, 1, 0]]
    assert grid(weight).tolist() == [[-1.0, 2.0, 0.0], [1.0, 3.0, 2.0]]


@pytest.mark.parametrize("functional", [True, False])
def test_zeroq_quantizes_functional_and_shared_relus_separately(
    functional: bool, images: torch.Tensor
) -> None:
    torch.manual_seed(0)
    layers = quantized_layers(zeroq(Twice(functional).eval(), (8, 4), images))
    assert isinstance(layers["first"].input_quantizer, Unquantized)
    scales = [float(layers[name].input_quantizer.scale) for name in ("second", "third")]
    assert all(layers[name].input_quantizer.high == 15 for name in ("second", "third"))
    assert scales[0] != pytest.approx(scales[1], rel=0.1)


def test_affine_grid_keeps_a_dead_channel_zero() -> None:
    weight = torch.zeros(2, 3)
    assert torch.equal(affine_grid(weight, 4)(weight), weight)
