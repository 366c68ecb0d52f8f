"""A training that was interrupted ends where an uninterrupted one ends, or says why it cannot."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from quantlab.data.images import ImageSet
from quantlab.errors import RecipeMismatch, Stopped
from quantlab.training import epoch_clock
from quantlab.training.recipe import Recipe
from quantlab.training.trainer import Epoch, fit

RECIPE = Recipe(epochs=3, batch_size=8, learning_rate=0.1, warmup_epochs=1)


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(5)
    pixels = torch.randint(0, 256, (26, 3, 16, 16), dtype=torch.uint8, generator=generator)
    return ImageSet("Noise", "train", pixels, torch.arange(26) % 10)


def small_network(width=4):
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, width, 3, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, 10),
    )


def train(model, images, recipe=RECIPE, **options):
    return fit(model, images, recipe, device="cpu", progress=False, **options)


class PowerCutError(Exception):
    pass


def loss_failing_at(step):
    """Cross entropy that raises at the given step of the training."""
    steps = iter(range(1, 1000))

    def loss(images, logits, labels):
        if next(steps) == step:
            raise PowerCutError
        return F.cross_entropy(logits, labels)

    return loss


@pytest.mark.parametrize("step", [4, 6, 9])  # of 3 epochs of 3 steps
def test_fit_resumed_after_an_interruption_ends_with_the_same_bits(images, tmp_path, step):
    whole = small_network()
    train(whole, images)

    checkpoint = tmp_path / "resume.pt"
    with pytest.raises(PowerCutError):
        train(small_network(), images, loss=loss_failing_at(step), checkpoint=checkpoint)
    resumed = small_network()
    history = train(resumed, images, checkpoint=checkpoint)

    assert [epoch.epoch for epoch in history] == [1, 2, 3]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_fit_does_not_repeat_a_finished_training(images, tmp_path):
    checkpoint = tmp_path / "resume.pt"
    first = train(small_network(), images, checkpoint=checkpoint)
    again = train(small_network(), images, loss=loss_failing_at(1), checkpoint=checkpoint)
    assert again == first
    assert all(isinstance(epoch, Epoch) for epoch in again)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"epochs": 4}, "epochs was 3 and is now 4"),
        ({"learning_rate": 0.2}, "learning_rate was 0.1 and is now 0.2"),
        ({"seed": 1}, "seed was 0 and is now 1"),
    ],
)
def test_fit_refuses_another_recipe_and_names_the_difference(images, tmp_path, change, difference):
    checkpoint = tmp_path / "resume.pt"
    train(small_network(), images, checkpoint=checkpoint)
    with pytest.raises(RecipeMismatch) as refusal:
        train(small_network(), images, replace(RECIPE, **change), checkpoint=checkpoint)
    assert f"another recipe ({difference}). Delete it" in str(refusal.value)


def test_fit_refuses_a_checkpoint_of_other_data(images, tmp_path):
    checkpoint = tmp_path / "resume.pt"
    train(small_network(), images, checkpoint=checkpoint)
    others = replace(images, name="Other noise")
    with pytest.raises(RecipeMismatch, match="data was 'Noise' and is now 'Other noise'"):
        train(small_network(), others, checkpoint=checkpoint)


def test_fit_refuses_a_checkpoint_of_another_network(images, tmp_path):
    checkpoint = tmp_path / "resume.pt"
    train(small_network(), images, checkpoint=checkpoint)
    with pytest.raises(RecipeMismatch, match="not a training checkpoint of this network"):
        train(small_network(width=5), images, checkpoint=checkpoint)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x02N."])
def test_fit_refuses_a_file_that_is_not_a_checkpoint(images, tmp_path, content):
    checkpoint = tmp_path / "resume.pt"
    checkpoint.write_bytes(content)
    with pytest.raises(RecipeMismatch, match=r"resume\.pt is not a training checkpoint"):
        train(small_network(), images, checkpoint=checkpoint)


# ---------------------------------------------------------------- stopping within an epoch

FULL_RECIPE = replace(
    RECIPE, mixup=0.3, unmixed_epochs=1, label_smoothing=0.1, average_decay=0.9, weight_decay=5e-4
)


def dropping_network():
    """A network that draws random numbers while it trains."""
    model = small_network()
    model.insert(5, nn.Dropout(0.5))
    return model


def stopping_after(step):
    """Yes after the given step, and from then on."""
    steps = iter(range(1, 1000))
    return lambda: next(steps) >= step


@pytest.mark.parametrize("step", range(1, 10))  # of 3 epochs of 3 steps
def test_fit_stopped_at_any_step_ends_with_the_same_bits(images, tmp_path, step):
    options = {"recipe": FULL_RECIPE, "validation": images}
    torch.manual_seed(7)
    whole = dropping_network()
    history = train(whole, images, **options)

    checkpoint = tmp_path / "resume.pt"
    torch.manual_seed(7)
    with pytest.raises(Stopped, match=r"Interrupted in epoch [123] of 3 at step [123] of 3"):
        train(
            dropping_network(),
            images,
            checkpoint=checkpoint,
            stop=stopping_after(step),
            **options,
        )
    resumed = dropping_network()
    torch.manual_seed(99)  # another process begins with other random numbers
    again = train(resumed, images, checkpoint=checkpoint, **options)

    assert [compared(epoch) for epoch in again] == [compared(epoch) for epoch in history]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def compared(epoch):
    """An epoch without its times."""
    return replace(epoch, seconds=0, cpu_seconds=0)


def test_fit_resumes_after_every_single_step(images, tmp_path):
    whole = dropping_network()
    torch.manual_seed(7)
    train(whole, images, FULL_RECIPE)
    checkpoint, resumed = tmp_path / "resume.pt", dropping_network()
    torch.manual_seed(7)
    for _ in range(9):
        with pytest.raises(Stopped):
            train(resumed, images, FULL_RECIPE, checkpoint=checkpoint, stop=lambda: True)
        resumed = dropping_network()
    train(resumed, images, FULL_RECIPE, checkpoint=checkpoint)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_fit_keeps_the_time_of_all_parts_of_an_epoch(images, tmp_path):
    checkpoint = tmp_path / "resume.pt"
    with pytest.raises(Stopped):
        train(small_network(), images, checkpoint=checkpoint, stop=stopping_after(2))
    state = torch.load(checkpoint)
    assert state["unfinished"]["steps"] == 2
    state["unfinished"]["seconds"] = 1000.0
    torch.save(state, checkpoint)
    history = train(small_network(), images, checkpoint=checkpoint)
    assert history[0].seconds > 1000
    assert history[1].seconds < 1000


def test_fit_keeps_the_precision_of_its_checkpoint(images, tmp_path, monkeypatch):
    checkpoint = tmp_path / "resume.pt"
    with pytest.raises(Stopped):
        train(
            small_network(),
            images,
            checkpoint=checkpoint,
            stop=stopping_after(4),
            precision="bfloat16",
        )
    monkeypatch.delenv("QUANTLAB_PRECISION")
    history = train(small_network(), images, checkpoint=checkpoint)
    assert [epoch.precision for epoch in history] == ["bfloat16"] * 3


@pytest.mark.parametrize("step", range(2, 10))  # of 3 epochs of 3 steps
def test_fit_loses_only_the_steps_since_the_last_save(images, tmp_path, monkeypatch, step):
    """A kernel that is killed says nothing; the state is as old as the last save."""
    torch.manual_seed(7)
    whole = dropping_network()
    train(whole, images, FULL_RECIPE, loss=loss_failing_at(0))
    monkeypatch.setattr(epoch_clock, "SAVE_SECONDS", 0)
    checkpoint = tmp_path / "resume.pt"
    torch.manual_seed(7)
    with pytest.raises(PowerCutError):
        train(
            dropping_network(),
            images,
            FULL_RECIPE,
            loss=loss_failing_at(step),
            checkpoint=checkpoint,
        )
    state = torch.load(checkpoint)
    assert 3 * len(state["history"]) + state["unfinished"]["steps"] == step - 1
    resumed = dropping_network()
    train(resumed, images, FULL_RECIPE, loss=loss_failing_at(0), checkpoint=checkpoint)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_fit_continues_a_state_of_an_optimizer_of_another_device(images, tmp_path):
    """On a GPU the optimizer is fused; its state would turn that off, or on elsewhere."""
    checkpoint = tmp_path / "resume.pt"
    with pytest.raises(Stopped):
        train(small_network(), images, checkpoint=checkpoint, stop=stopping_after(2))
    state = torch.load(checkpoint)
    state["optimizer"]["param_groups"][0]["fused"] = True
    torch.save(state, checkpoint)
    with pytest.raises(Stopped):
        train(small_network(), images, checkpoint=checkpoint, stop=lambda: True)
    assert torch.load(checkpoint)["optimizer"]["param_groups"][0]["fused"] is None
