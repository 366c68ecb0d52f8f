"""Activations imagined from batch normalization have its moments, and need no image."""

import math

import pytest
import torch
from torch import nn

from baselines.methods.bn_statistics import (
    blank_images,
    laplace,
    mean_inputs,
    normal,
    statistics_network,
)
from quantlab.data.images import normalize
from quantlab.formats.saved_model import LAYERS
from quantlab.network.calibration import input_histograms


@pytest.mark.parametrize("quantiles", [normal, laplace])
def test_quantiles_have_mean_zero_and_deviation_1(quantiles) -> None:
    share = (torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000
    values = quantiles(share)
    assert float(values.mean()) == pytest.approx(0, abs=1e-6)
    assert float(values.std()) == pytest.approx(1, abs=1e-3)
    assert torch.equal(values, values.sort().values)


def test_statistics_network_has_the_closed_form_mean_after_a_relu(model: nn.Module) -> None:
    """Nagel et al. 2019, equation (19): gamma phi(beta / gamma) + beta Phi(beta / gamma)."""
    network = statistics_network(model, normal)
    names = ["layer1.0.conv1", "layer2.1.conv2"]
    means = mean_inputs(network, names, normalize(blank_images()))
    for name, norm_name in zip(names, ("bn1", "layer2.1.bn1"), strict=True):
        norm = model.get_submodule(norm_name)
        for mean, beta, gamma in zip(
            means[name].tolist(), norm.bias.tolist(), norm.weight.abs().tolist(), strict=True
        ):
            ratio = beta / gamma
            density = math.exp(-(ratio**2) / 2) / math.sqrt(2 * math.pi)
            share = (1 + math.erf(ratio / math.sqrt(2))) / 2
            assert mean == pytest.approx(gamma * density + beta * share, abs=0.01)


def test_statistics_network_ignores_weights_and_images(model: nn.Module) -> None:
    other = statistics_network(model, laplace)
    bright = torch.full_like(blank_images()[:8], 255)
    torch.testing.assert_close(
        other(normalize(bright)), statistics_network(model, laplace)(normalize(blank_images()[:8]))
    )


def test_statistics_network_reaches_every_layer(model: nn.Module) -> None:
    network = statistics_network(model, laplace)
    histograms = input_histograms(network, LAYERS, blank_images()[:256])
    assert set(histograms) == set(LAYERS)
    assert all(histogram.maximum > 0 for histogram in histograms.values())
