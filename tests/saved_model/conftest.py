import types

import pytest
import torch
from torch import nn

from instructor import solution
from quantlab.images import normalize
from quantlab.resnet import resnet20


@pytest.fixture(scope="session")
def ops() -> types.ModuleType:
    return solution


@pytest.fixture(scope="session")
def pixels() -> torch.Tensor:
    """Blocky random images: neighbouring pixels go together, as in pictures."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.randint(0, 256, (24, 3, 4, 4), generator=generator, dtype=torch.uint8)
    return coarse.repeat_interleave(8, 2).repeat_interleave(8, 3)


@pytest.fixture(scope="session")
def float_model(pixels: torch.Tensor) -> nn.Module:
    """Random weights, with statistics of batch normalization that belong to them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = resnet20()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(normalize(pixels))
        model.fc.bias -= model.eval()(normalize(pixels)).mean(0)  # no class wins everywhere
    return model
