"""With held-out images a training ends with the weights that were best on them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from quantlab.data.images import ImageSet
from quantlab.evaluation.float_network import evaluate
from quantlab.training.recipe import Recipe
from quantlab.training.trainer import fit

RECIPE = Recipe(epochs=4, batch_size=20, learning_rate=0.3, warmup_epochs=0)
STEPS = 10  # per epoch


def grey(count, split):
    labels = torch.arange(count) % 10
    pixels = (25 * labels).to(torch.uint8).view(-1, 1, 1, 1).expand(count, 3, 16, 16).clone()
    return ImageSet("Grey", split, pixels, labels)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 10))


def loss_turning_at(turn, failing_at=None):
    """Cross entropy up to the step `turn` of the training, and the opposite from then on."""
    steps = iter(range(1, 1000))

    def loss(images, logits, labels):
        step = next(steps)
        if step == failing_at:
            raise InterruptedError
        return F.cross_entropy(logits, labels) * (1 if step <= turn else -1)

    return loss


def train(model, turn, failing_at=None, **options):
    loss, held_out = loss_turning_at(turn, failing_at), grey(50, "train")
    images = grey(20 * STEPS, "train")
    return fit(
        model,
        images,
        RECIPE,
        loss=loss,
        validation=held_out,
        device="cpu",
        progress=False,
        **options,
    )


def test_fit_keeps_the_best_epoch_and_records_every_epoch():
    model = network()
    accuracies = [epoch.validation_accuracy for epoch in train(model, 2 * STEPS)]
    assert accuracies[1] == max(accuracies) > accuracies[3]
    assert evaluate(model, grey(50, "train"), device="cpu") == accuracies[1]


def test_fit_keeps_the_last_epoch_without_held_out_images():
    model, images = network(), grey(20 * STEPS, "train")
    history = fit(
        model, images, RECIPE, loss=loss_turning_at(2 * STEPS), device="cpu", progress=False
    )
    assert {epoch.validation_accuracy for epoch in history} == {None}
    assert evaluate(model, images, device="cpu") < history[1].train_accuracy


def test_fit_keeps_the_best_epoch_after_an_interruption(tmp_path):
    checkpoint, model = tmp_path / "resume.pt", network()
    with pytest.raises(InterruptedError):
        train(model, 2 * STEPS, failing_at=3 * STEPS + 4, checkpoint=checkpoint)
    resumed = network()
    accuracies = [e.validation_accuracy for e in train(resumed, 0, checkpoint=checkpoint)]
    assert accuracies[1] == max(accuracies) > accuracies[3]
    assert evaluate(resumed, grey(50, "train"), device="cpu") == accuracies[1]
