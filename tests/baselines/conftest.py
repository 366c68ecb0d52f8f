"""A small labelled set and a float ResNet-20 with batch statistics of its own, quickly made."""

import pytest
import torch
from torch import nn

from quantlab.data.images import normalize
from quantlab.network.resnet import resnet20


@pytest.fixture
def images() -> torch.Tensor:
    """uint8 (24, 3, 32, 32): blurred noise, so that neighbours resemble each other."""
    noise = torch.rand(24, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 255
    return nn.functional.interpolate(noise, scale_factor=4, mode="bilinear").to(torch.uint8)


@pytest.fixture
def model(images: torch.Tensor) -> nn.Module:
    """Random weights, affine parameters and statistics that fit the images; evaluation mode."""
    torch.manual_seed(0)
    network = resnet20()
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.3)
        norm.momentum = 1.0
    with torch.no_grad():
        network.train()(normalize(images))
    return network.eval()
