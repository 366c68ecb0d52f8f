"""The check of the training step is silent about right steps, and names what is wrong in others."""

import re

import pytest
import torch
from step_of_student import clip_gradient, training_step
from torch.nn import functional as F

from quantlab.training.own_step import GIVEN, OwnStep
from quantlab.training.step_check import checked_step


def stub(*_):
    raise NotImplementedError("Question 2d: training_step")


def divergence(network, teacher, images, reduction="batchmean"):
    target = teacher(images).detach().softmax(1)
    return F.kl_div(network(images).log_softmax(1), target, reduction=reduction)


def entropy(network, teacher, images, labels):
    return F.cross_entropy(network(images), labels)


def test_checked_step_accepts_the_reference(capsys):
    assert checked_step(training_step, clip_gradient) == OwnStep(training_step, clip_gradient)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["right. The trainings below use it."] * 2


def test_checked_step_accepts_other_gradients_at_the_ends(capsys):
    """A ReLU comes before: what the clip passes at 0 changes nothing."""

    def strict(gradient, x, end):
        return gradient * ((x > 0) & (x < end)), (gradient * (x >= end)).sum()

    checked_step(training_step, strict)
    assert "clip_gradient: right" in capsys.readouterr().out


def test_checked_step_says_that_the_recipe_replaces_stubs(capsys):
    assert checked_step(stub, stub) == GIVEN
    assert capsys.readouterr().out.count("is not written yet: the recipe's is used") == 2


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (entropy, "is the cross entropy alone"),
        (lambda n, t, x, y: divergence(n, t, x), "is the divergence alone"),
        (
            lambda n, t, x, y: divergence(n, t, x, "mean") + entropy(n, t, x, y),
            "averages the divergence over the classes",
        ),
        (
            lambda n, t, x, y: divergence(n, t, x, "sum") + entropy(n, t, x, y),
            "adds the divergence up over the images",
        ),
        (
            lambda n, t, x, y: divergence(t, n, x) + entropy(n, t, x, y),
            "network and teacher swapped",
        ),
        (lambda n, t, x, y: n(x), r"expected one number, a tensor of shape \(\), got shape"),
        (lambda n, t, x, y: 1.0, "got float"),
        (lambda n, t, x, y: training_step(n, t, x, y).detach(), "has no gradient"),
        (lambda n, t, x, y: 2 * training_step(n, t, x, y), "expected .*, got"),
        (lambda n, t, x, y: n(x, x), "raised TypeError"),
        (
            lambda n, t, x, y: (
                F.kl_div(n(x).log_softmax(1), t(x).softmax(1), reduction="batchmean")
                + entropy(n, t, x, y)
            ),
            "the teacher gets a gradient",
        ),
        (
            lambda n, t, x, y: (
                F.kl_div(n(x).detach().log_softmax(1), t(x).softmax(1), reduction="batchmean")
                + entropy(n, t, x, y)
            ),
            "the loss is right, but its gradient is not: at weight",
        ),
    ],
)
def test_checked_step_names_the_mistake_of_a_loss(capsys, step, sentence):
    assert checked_step(step, stub).training_step is None
    printed = capsys.readouterr().out
    assert "training_step: the trainings below use the recipe's until yours is right" in printed
    assert "training_step: right" not in printed
    assert re.search(sentence, printed)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda g, x, end: (g, (g * (x > end)).sum()), "the gradient for x is wrong at 7 of 12"),
        (lambda g, x, end: (clip_gradient(g, x, end)[0], g.sum()), "adds up the gradients of all"),
        (
            lambda g, x, end: (clip_gradient(g, x, end)[0], (g * (x <= end) * (x > 0)).sum()),
            "inside the range",
        ),
        (lambda g, x, end: (clip_gradient(g, x, end)[0], g[x > end].mean()), "is the average"),
        (lambda g, x, end: (clip_gradient(g, x, end)[0], (g * (x > end)).mean()), "is the average"),
        (lambda g, x, end: (clip_gradient(g, x, end)[0], (x > end).float().sum()), "counts how"),
        (lambda g, x, end: (clip_gradient(g, x, end)[0], -(g * (x > end)).sum()), "wrong sign"),
        (lambda g, x, end: (clip_gradient(g, x, end)[0], torch.zeros(())), "does not let the end"),
        (lambda g, x, end: (clip_gradient(g, x, end)[0], g * (x > end)), "expected one number"),
        (lambda g, x, end: (g[:3], g.sum()), "expected the shape"),
        (lambda g, x, end: g, "raised ValueError"),
    ],
)
def test_checked_step_names_the_mistake_of_a_clip(capsys, change, sentence):
    assert checked_step(training_step, change) == OwnStep(training_step)
    printed = capsys.readouterr().out
    assert "clip_gradient: right" not in printed
    assert sentence in printed


def test_checked_step_keeps_another_loss_for_an_experiment(capsys):
    assert checked_step(entropy, stub, experiment=True) == OwnStep(entropy)
    printed = capsys.readouterr().out
    assert "training_step: the trainings below use it all the same" in printed
    assert "until yours is right" not in printed


def test_checked_step_names_the_worst_number(capsys):
    checked_step(stub, lambda g, x, end: (g, (g * (x > end)).sum()))
    line = capsys.readouterr().out.splitlines()[1]
    assert "Worst: x = " in line
    assert "expected 0.000, got " in line
