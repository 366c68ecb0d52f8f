"""The accuracy of a float network, which is left as a training needs it."""

from typing import Any

import pytest
import torch
from torch import nn

from quantlab.data.images import ImageSet, normalize
from quantlab.evaluation.float_network import evaluate
from quantlab.network.resnet import resnet20


@pytest.mark.parametrize("was_training", [False, True])
def test_evaluate_leaves_a_network_that_can_be_trained(pixels: Any, was_training: bool) -> None:
    network = resnet20().train(was_training)
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    evaluate(network, ImageSet("Blocks", "test", pixels, torch.arange(24) % 10), device="cpu")
    assert network.training == was_training
    assert all(torch.equal(state[name], now) for name, now in network.state_dict().items())
    assert not any(tensor.is_inference() for tensor in network.state_dict().values())
    network(normalize(pixels)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_evaluate_counts_right_classes_without_gradients(pixels: Any) -> None:
    class First(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert not torch.is_grad_enabled()
            return torch.eye(10)[:1].expand(len(x), 10)

    labels = torch.tensor([0, 0, 0, 1] * 6)
    data = ImageSet("Blocks", "test", pixels, labels)
    assert evaluate(First(), data, batch_size=7, device="cpu") == 75
