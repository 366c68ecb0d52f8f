"""A student's training step trains as the recipe does, and its mistakes are named."""

import pytest
import torch
from step_of_student import OWN, clip_gradient, training_step
from torch import nn
from torch.nn import functional as F

from instructor import solution
from quantlab.data.images import ImageSet, normalize
from quantlab.errors import TrainingStepError
from quantlab.network.quantization import quantize_model
from quantlab.training import fine_tuning
from quantlab.training.fine_tuning import CellPlan, fine_tune
from quantlab.training.own_step import (
    GIVEN,
    OwnStep,
    clip_inputs_with,
    objective_of_step,
    written,
)
from quantlab.training.steps import objective_of

PLAN = CellPlan(epochs=1, learning_rate=0.01, batch=12)


def stub(*_):
    raise NotImplementedError("Question 2d: training_step")


@pytest.fixture
def train(pixels, monkeypatch):
    monkeypatch.setattr(fine_tuning, "calibration_images", lambda images: images.images)
    monkeypatch.setattr(fine_tuning, "STATISTICS_IMAGES", 24)
    return ImageSet("Blocks", "train", pixels, torch.arange(24) % 10)


def gradients(network, objective, images):
    """The loss and the gradient of every parameter, in training mode."""
    network.train()
    loss, _ = objective(network, normalize(images.images), images.labels)
    loss.backward()
    return loss.detach(), {name: p.grad for name, p in network.named_parameters()}


def test_own_step_has_the_gradients_of_the_recipe(float_model, train):
    results = []
    for own in (False, True):
        network = quantize_model(float_model, solution, 4, 4, "SAWB", train.images)
        fine_tuning._let_input_scales_learn(network)
        if own:
            clip_inputs_with(network, clip_gradient)
            with objective_of_step(training_step, network, float_model) as objective:
                results.append(gradients(network, objective, train))
        else:
            objective = objective_of(fine_tuning.distillation_loss(float_model))
            results.append(gradients(network, objective, train))
    (loss, recipe), (own_loss, own) = results
    torch.testing.assert_close(own_loss, loss)
    assert any(grad.abs().max() > 0 for name, grad in own.items() if "input_scale" in name)
    for name, grad in recipe.items():
        torch.testing.assert_close(own[name], grad, rtol=1e-4, atol=1e-6)


def test_fine_tune_uses_the_clip_gradient_of_the_student(float_model, train, tmp_path):
    def still(gradient, x, end):
        return clip_gradient(gradient, x, end)[0], torch.zeros(())

    start = fine_tune(float_model, solution, "W8A2", "SAWB", train, CellPlan(0, 0.01, 12), tmp_path)
    ends = {}
    for name, clip in {"moving": clip_gradient, "still": still}.items():
        own = OwnStep(training_step, clip)
        network = fine_tune(float_model, solution, "W8A2", "SAWB", train, PLAN, tmp_path, own=own)
        ends[name] = network.get_submodule("layer2.0.conv1").input_scale.detach()
    assert ends["still"] == start.get_submodule("layer2.0.conv1").input_scale
    assert ends["moving"] != ends["still"]


def test_fine_tune_restarts_for_another_step_only(float_model, train, tmp_path):
    def other_words(network, teacher, images, labels):
        logits, target = network(images), F.softmax(teacher(images).detach(), dim=1)
        loss = F.kl_div(F.log_softmax(logits, dim=1), target, reduction="sum") / len(images)
        return F.cross_entropy(logits, labels) + loss

    def entropy_alone(network, teacher, images, labels):
        return F.cross_entropy(network(images), labels)

    for own in (GIVEN, OWN, OwnStep(other_words, clip_gradient)):
        fine_tune(float_model, solution, "W4A4", "sym", train, PLAN, tmp_path, own=own)
    assert len(list(tmp_path.iterdir())) == 2
    own = OwnStep(entropy_alone, clip_gradient)
    fine_tune(float_model, solution, "W4A4", "sym", train, PLAN, tmp_path, own=own)
    assert len(list(tmp_path.iterdir())) == 3


def test_written_leaves_out_stubs_and_keeps_mistakes():
    def mistaken(*_):
        raise ValueError("a mistake")

    assert written(OwnStep(stub, stub)) == GIVEN
    assert written(OWN) == OWN
    assert written(OwnStep(mistaken, stub)) == OwnStep(mistaken, None)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (lambda network, *_: network(_[1]), r"got a tensor of shape \(24, 10\)"),
        (lambda network, *_: network(_[1]).sum().detach(), "without a gradient"),
        (lambda network, *_: None, "got a NoneType"),
        (lambda network, *_: network.fc.weight.sum(), r"does not call network\(images\)"),
    ],
)
def test_objective_names_what_a_step_returns(float_model, train, step, sentence):
    with (
        objective_of_step(step, float_model, nn.Identity()) as objective,
        pytest.raises(TrainingStepError, match=sentence),
    ):
        objective(float_model, normalize(train.images), train.labels)


@pytest.mark.parametrize(
    ("clip", "sentence"),
    [
        (lambda gradient, x, end: gradient, "got a tensor of shape"),
        (lambda gradient, x, end: (gradient, gradient), "expected the shapes"),
        (lambda gradient, x, end: (gradient, 1.0), "got a tuple of 2"),
    ],
)
def test_clip_gradient_names_what_it_returns(float_model, train, clip, sentence):
    network = quantize_model(float_model, solution, 4, 4, "sym", train.images)
    fine_tuning._let_input_scales_learn(network)
    clip_inputs_with(network, clip)
    with pytest.raises(TrainingStepError, match=sentence):
        gradients(network, objective_of(lambda _, logits, labels: logits.sum()), train)


def test_networks_have_no_hook_after_the_training(float_model, train, tmp_path):
    network = fine_tune(float_model, solution, "W4A4", "sym", train, PLAN, tmp_path, own=OWN)
    assert not network._forward_hooks
    assert not float_model._forward_hooks
