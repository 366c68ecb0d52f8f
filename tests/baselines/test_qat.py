"""Training a quantized network: it learns, it is what was saved of it, and it can be resumed."""

import pytest
import torch
from torch import nn

from baselines.methods.qat import (
    QAT_METHODS,
    calibrated_scales,
    parameter_groups,
    train_quantized,
    trainable_network,
)
from baselines.quantized_network import quantized_layers, restore, saved_model
from baselines.quantizers.pact import ParameterizedClipping
from quantlab.data.images import ImageSet, normalize
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.training.recipe import Recipe

RECIPE = Recipe(2, batch_size=8, learning_rate=0.02, weight_decay=1e-4, warmup_epochs=0.5)


@pytest.fixture
def train(images: torch.Tensor) -> ImageSet:
    """Calibration wants 512 images: the same few, again and again."""
    return ImageSet("Noise", "train", images.repeat(22, 1, 1, 1), torch.arange(24 * 22) % 10)


@pytest.fixture
def few(train: ImageSet) -> ImageSet:
    return train.subset(torch.arange(512))


# SAT squashes weights by tanh and gives every layer a gain of its own: it starts elsewhere.
@pytest.mark.parametrize("method", [name for name in QAT_METHODS if name != "SAT"])
def test_trainable_network_starts_near_the_float_network_at_8_bits(method, model, images):
    network = trainable_network(model, (8, 8), method, calibrated_scales(model, 8, images)).eval()
    with torch.no_grad():
        wanted, logits = model(normalize(images)), network(normalize(images))
    assert (wanted - logits).square().mean() < 0.01 * wanted.var()


def test_saved_model_predicts_what_the_network_does(model, images):
    network = trainable_network(model, (4, 4), "LSQ", calibrated_scales(model, 4, images)).eval()
    saved = saved_model(network, "LSQ", "Noise", (4, 4))
    with torch.no_grad():
        expected = network(normalize(images))
    assert torch.allclose(IntegerResNet20(saved).logits(images), expected, atol=0.05)


def test_saved_model_refuses_a_network_of_other_widths(model, images):
    network = trainable_network(model, (4, 4), "LSQ", calibrated_scales(model, 4, images))
    with pytest.raises(ValueError, match="do not fit W2A4"):
        saved_model(network, "LSQ", "Noise", (2, 4))


def test_parameter_groups_decay_only_weights_and_alpha(model, images):
    network = trainable_network(model, (4, 4), "SAWB", calibrated_scales(model, 4, images))
    decaying, rest = (group["params"] for group in parameter_groups(network))
    alphas = [m.alpha for m in network.modules() if isinstance(m, ParameterizedClipping)]
    assert len(alphas) == 19
    assert {id(p) for p in alphas} < {id(p) for p in decaying}
    assert all(p.ndim <= 1 for p in rest)
    assert len(decaying) + len(rest) == len(list(network.parameters()))


def trained(model, bits, method, few, checkpoint=None):
    network = trainable_network(model, bits, method, calibrated_scales(model, bits[1], few.images))
    return train_quantized(network, model, few, RECIPE, checkpoint=checkpoint, progress=False)


@pytest.mark.parametrize("method", ["LSQ", "sym"])
def test_train_quantized_comes_nearer_to_the_float_network_and_leaves_it_unchanged(
    method, model, few
):
    before = trainable_network(
        model, (2, 4), method, calibrated_scales(model, 4, few.images)
    ).eval()
    floats = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    after, history = trained(model, (2, 4), method, few)
    assert not model.training
    assert all(torch.equal(floats[name], now) for name, now in model.state_dict().items())
    assert [epoch.epoch for epoch in history] == [1, 2]
    assert distance(after, model, few.images) < 0.7 * distance(before, model, few.images)


def distance(network: nn.Module, model: nn.Module, images: torch.Tensor) -> float:
    """The Kullback-Leibler divergence of the float network's classes from those of `network`."""
    with torch.no_grad():
        wanted = model(normalize(images[:24])).log_softmax(1)
        log_probabilities = network.eval()(normalize(images[:24])).log_softmax(1)
    return float(
        nn.functional.kl_div(log_probabilities, wanted, reduction="batchmean", log_target=True)
    )


def test_train_quantized_returns_a_finished_training_again(model, few, tmp_path):
    checkpoint = tmp_path / "resume.pt"
    runs = [trained(model, (4, 4), "LSQ", few, checkpoint) for _ in range(2)]
    (first, history), (again, read) = runs
    assert history == read
    for name, layer in quantized_layers(first).items():
        other = quantized_layers(again)[name]
        assert torch.equal(layer.layer.weight, other.layer.weight)
        assert torch.equal(layer.input_quantizer.scale, other.input_quantizer.scale)


def test_restore_continues_from_a_saved_model(model, images):
    """W8A2 to W2A2: the same input scales, and weights within half a step of 8 bits."""
    first = trainable_network(model, (8, 2), "LSQ", calibrated_scales(model, 2, images)).eval()
    network, scales = restore(model, saved_model(first, "LSQ", "Noise", (8, 2)))
    again = trainable_network(network, (8, 2), "LSQ", scales).eval()
    pairs = zip(quantized_layers(first).values(), quantized_layers(again).values(), strict=True)
    with torch.no_grad():
        for layer, other in pairs:
            assert torch.equal(layer.input_quantizer.scale, other.input_quantizer.scale)
            kept = layer.weight_quantizer(layer.layer.weight)
            torch.testing.assert_close(other.layer.weight, kept, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(network.fc.bias, model.fc.bias)
