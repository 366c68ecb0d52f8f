"""Every method by its name: what it needs, and that what is saved is what was made."""

import pytest
import torch
from torch import nn

from baselines.methods import ptq
from baselines.methods.ptq import MOST_IMAGES, PTQ_METHODS, data_used, post_training
from baselines.methods.reconstruction import ReconstructionSchedule
from baselines.methods.scales import weight_scale
from baselines.quantized_network import quantized_layers, saved_model
from quantlab.data.images import normalize
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.formats.saved_model import LAYERS
from quantlab.network.calibration import input_scales

SCALED = [name for name, method in PTQ_METHODS.items() if method.trained == "nothing"]


@pytest.mark.parametrize("method", SCALED)
def test_post_training_saves_a_model_that_predicts_the_same(
    method: str, model: nn.Module, images: torch.Tensor
) -> None:
    network = post_training(model, (3, 5), method, images)
    saved = saved_model(network, method, "noise", (3, 5))
    expected = network(normalize(images)).detach()
    logits = IntegerResNet20(saved).logits(images)
    # Sums that are not exact put single activations on the other side of a tie, and random weights
    # carry that on; a wrong scale or code would move every logit by its own size.
    assert float((logits - expected).abs().mean()) < 0.05 * float(expected.abs().mean())
    assert int((logits.argmax(1) != expected.argmax(1)).sum()) <= 2


def test_post_training_uses_the_scales_of_the_handout(
    model: nn.Module, images: torch.Tensor
) -> None:
    for name, weights, inputs in (
        ("sym", "sym", "sym"),
        ("sym + MSE inputs", "sym", "heuristic"),
        ("SAWB", "SAWB", "SAWB"),
        ("heuristic", "heuristic", "heuristic"),
    ):
        network = post_training(model, (4, 4), name, images)
        scales = input_scales(model, LAYERS, images, 4, inputs)
        for layer_name, layer in quantized_layers(network).items():
            weight = model.get_submodule(layer_name).weight
            assert float(layer.weight_quantizer.scale) == weight_scale(weight, 4, weights)
            assert float(layer.input_quantizer.scale) == scales[layer_name]
            assert torch.equal(layer.layer.weight, weight)


def test_post_training_corrections_change_only_batch_norm(
    model: nn.Module, images: torch.Tensor
) -> None:
    plain = post_training(model, (4, 4), "sym", images).state_dict()
    for suffix in ("bias correction", "batch normalization"):
        changed = post_training(model, (4, 4), f"sym + {suffix}", images).state_dict()
        names = {n for n in plain if not torch.equal(plain[n], changed[n])}
        statistics = {n for n in names if ".running_" in n or n.endswith("num_batches_tracked")}
        assert statistics
        assert names - statistics <= {"fc.layer.bias"}


def test_post_training_reaches_learning_methods_by_name(
    model: nn.Module, images: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a plan of no steps: what is learned is the subject of other tests."""
    monkeypatch.setattr(ptq, "LAYER_PLAN", ReconstructionSchedule(0, 1))
    network = post_training(model, (2, 8), "AdaRound", images)
    assert all(layer.weight_quantizer.high == 1 for layer in quantized_layers(network).values())
    assert {name for name, method in PTQ_METHODS.items() if method.trained == "a block"} >= {
        "BRECQ"
    }


def test_data_used_counts_images_and_no_labels(images: torch.Tensor) -> None:
    for name in PTQ_METHODS:
        usage = data_used(name, images)
        assert (usage.images, usage.labels) == (24, False)
    assert data_used("AdaRound", images).trained == "a layer"


def test_post_training_refuses_unknown_methods_and_too_many_images(
    model: nn.Module, images: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match="no method 'GPTQ'; choose one of sym"):
        post_training(model, (4, 4), "GPTQ", images)
    many = images[:1].expand(MOST_IMAGES + 1, -1, -1, -1)
    with pytest.raises(ValueError, match="got 1025"):
        post_training(model, (4, 4), "sym", many)
