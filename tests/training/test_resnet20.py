"""The network of the assignment: its size, its names, its shortcuts."""

import torch

from quantlab.network.resnet import resnet20

LAYERS = [
    "conv1",
    *(f"layer{s}.{b}.conv{c}" for s in (1, 2, 3) for b in (0, 1, 2) for c in (1, 2)),
    "fc",
]


def test_resnet20_has_269722_parameters():
    assert sum(p.numel() for p in resnet20().parameters()) == 269_722


def test_resnet20_has_268336_weights_in_20_layers_of_the_saved_names():
    weights = {
        name.removesuffix(".weight"): p.numel()
        for name, p in resnet20().named_parameters()
        if p.ndim > 1
    }
    assert sorted(weights) == sorted(LAYERS)
    assert len(weights) == 20
    assert sum(weights.values()) == 268_336


def test_resnet20_returns_a_logit_per_class_at_both_training_sizes():
    model = resnet20().eval()
    for size in (24, 32):
        assert model(torch.zeros(2, 3, size, size)).shape == (2, 10)


def test_resnet20_shortcut_keeps_every_second_pixel_and_pads_channels():
    x = torch.rand(1, 16, 8, 8)
    shortcut = resnet20().layer2[0].shortcut(x)
    assert shortcut.shape == (1, 32, 4, 4)
    assert torch.equal(shortcut[:, 8:24], x[:, :, ::2, ::2])
    assert shortcut[:, :8].abs().sum() == 0
    assert shortcut[:, 24:].abs().sum() == 0
