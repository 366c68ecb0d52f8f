"""Bias correction and re-estimated batch normalization: whose means agree with what afterwards."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from baselines.methods.batch_norm_re_estimation import re_estimate
from baselines.methods.bias_correction import correct_bias
from baselines.methods.scales import weight_scale
from baselines.quantized_network import quantized_layers, quantized_network
from baselines.quantizers.base import Quantizer, signed_codes, unsigned_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from quantlab.data.images import normalize


def coarse(name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Quantizer, Quantizer]:
    """Weights of 2 bits, inputs of 3: errors that nobody can overlook."""
    scale = weight_scale(layer.weight, 2, "heuristic")
    return (
        ClippedStraightThrough(*signed_codes(2), scale),
        ClippedStraightThrough(*unsigned_codes(3), 0.5),
    )


def mean_outputs(network: nn.Module, names: list[str], images: torch.Tensor) -> dict:
    """Per layer: the mean of each channel less the running mean that normalizes it."""
    means = {}

    def hook(name: str):
        def keep(module: nn.Module, args: object, output: torch.Tensor) -> None:
            mean = output.transpose(0, 1).flatten(1).mean(1)
            if name != "fc":
                norm = network.get_submodule(name.replace("conv", "bn"))
                mean = mean - norm.running_mean
            means[name] = mean

        return keep

    hooks = [network.get_submodule(n).register_forward_hook(hook(n)) for n in names]
    with torch.no_grad():
        network.eval()(normalize(images))
    for each in hooks:
        each.remove()
    return means


def test_correct_bias_makes_channel_means_agree(model: nn.Module, images: torch.Tensor) -> None:
    network = quantized_network(model, coarse)
    names = list(quantized_layers(network))
    wanted, before = (mean_outputs(n, names, images) for n in (model, network))
    correct_bias(network, model, images)
    after = mean_outputs(network, names, images)
    assert len(names) == 19
    for name in names:
        assert (before[name] - wanted[name]).abs().max() > 1e-2
        torch.testing.assert_close(after[name], wanted[name], atol=2e-5, rtol=1e-4)


def test_correct_bias_leaves_the_float_network_and_no_hook(
    model: nn.Module, images: torch.Tensor
) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    network = quantized_network(model, coarse)
    correct_bias(network, model, images)
    once = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network(normalize(images))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(torch.equal(once[name], tensor) for name, tensor in network.state_dict().items())


class Watched(nn.Module):
    """One convolution and its normalization, and all batches that came."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.batches: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.batches.append(x)
        return F.relu(self.bn(self.conv(x)))


def test_re_estimate_averages_over_all_augmented_batches(images: torch.Tensor) -> None:
    network = Watched()
    re_estimate(network, images, passes=3)
    batches = network.batches
    assert [len(batch) for batch in batches] == [24, 24, 24]
    outputs = [network.conv(batch) for batch in batches]
    mean = torch.stack([o.mean((0, 2, 3)) for o in outputs]).mean(0)
    variance = torch.stack([o.var((0, 2, 3)) for o in outputs]).mean(0)
    torch.testing.assert_close(network.bn.running_mean, mean)
    torch.testing.assert_close(network.bn.running_var, variance)
    assert not network.bn.training
    plain = normalize(images)
    for batch in batches:
        assert all(
            not torch.equal(batch, other) for other in (plain, *batches) if other is not batch
        )


def test_re_estimate_depends_only_on_its_seed(model: nn.Module, images: torch.Tensor) -> None:
    means = []
    for seed in (0, 0, 1):
        network = quantized_network(model, coarse)
        re_estimate(network, images, seed=seed)
        means.append(network.get_submodule("layer3.2.bn2").running_mean)
    assert torch.equal(means[0], means[1])
    assert not torch.equal(means[0], means[2])


def test_re_estimate_normalizes_quantized_outputs_again(
    model: nn.Module, images: torch.Tensor
) -> None:
    """Trained by nothing but new statistics, the outputs of a layer are normalized again."""
    network = quantized_network(model, coarse)
    norm = network.get_submodule("layer3.1.bn1")
    errors = []
    for _ in range(2):
        outputs: list[torch.Tensor] = []
        hook = norm.register_forward_hook(lambda m, args, out, kept=outputs: kept.append(out))
        with torch.no_grad():
            network.eval()(normalize(images))
        hook.remove()
        off = outputs[0].mean((0, 2, 3)) - norm.bias
        errors.append(float((off / norm.weight).detach().abs().mean()))
        re_estimate(network, images, passes=4)
    assert errors[1] < errors[0] / 2


def test_re_estimate_refuses_a_single_image() -> None:
    with pytest.raises(ValueError, match="At least 2 images are needed, got"):
        re_estimate(Watched(), torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
