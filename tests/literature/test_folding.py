"""Batch normalization folded: by hand, on the network, and paired where order would mislead."""

import pytest
import torch
from torch import nn

from baselines.methods.batch_norm_folding import convolution_norms, fold_batch_norm
from quantlab.data.images import normalize


class Misordered(nn.Module):
    """The shortcut's pair stands between the two of the other way, in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_of_shortcut = nn.BatchNorm2d(3)
        self.first = nn.Conv2d(3, 3, 1, bias=False)
        self.shortcut = nn.Conv2d(3, 3, 1, bias=False)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.first(x)) + self.norm_of_shortcut(self.shortcut(x))


def test_fold_batch_norm_matches_a_manual_calculation() -> None:
    network = nn.Sequential(nn.Conv2d(3, 1, 1), nn.BatchNorm2d(1, eps=0.0))
    with torch.no_grad():
        network[0].weight.fill_(2.0)
        network[0].bias.fill_(3.0)
        network[1].weight.fill_(5.0)
        network[1].bias.fill_(7.0)
        network[1].running_mean.fill_(1.0)
        network[1].running_var.fill_(4.0)
    folded = fold_batch_norm(network)
    assert folded[0].weight.flatten().tolist() == [5.0] * 3  # 2 * 5 / 2
    assert folded[0].bias.tolist() == [12.0]  # 7 + (3 - 1) * 5 / 2
    assert isinstance(folded[1], nn.Identity)


def test_convolution_norms_pairs_layers_by_the_tensor_between_them() -> None:
    network = Misordered()
    assert convolution_norms(network) == {"first": "norm", "shortcut": "norm_of_shortcut"}
    for norm in (network.norm, network.norm_of_shortcut):
        nn.init.normal_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2)
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(fold_batch_norm(network.eval())(x), network(x))


def test_fold_batch_norm_preserves_the_output(model: nn.Module, images: torch.Tensor) -> None:
    x = normalize(images)
    torch.testing.assert_close(fold_batch_norm(model)(x), model(x), rtol=1e-3, atol=1e-3)
    assert any(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    assert len(convolution_norms(model)) == 19


def test_fold_batch_norm_refuses_a_batch_norm_without_convolution() -> None:
    with pytest.raises(ValueError, match="Cannot fold 0: no convolution"):
        fold_batch_norm(nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1)))
