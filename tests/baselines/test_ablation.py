"""`python -m baselines ablate` trains the recipe and the recipe without each choice."""

import json
from pathlib import Path

import pytest
import torch

from baselines.__main__ import main
from baselines.commands import ablate
from baselines.experiments import ablation
from quantlab.data.images import ImageSet


@pytest.fixture
def few_images(monkeypatch, tmp_path, images):
    def noise(name: str, part: str) -> ImageSet:
        assert part == "train"  # the test set is not read
        return ImageSet("Noise", part, images.repeat(7, 1, 1, 1), torch.arange(168) % 10)

    monkeypatch.setattr(ablate, "load_dataset", noise)
    monkeypatch.chdir(tmp_path)


def run(epochs: str) -> int:
    options = "--data shapes10 --no-compile --out ablation.json"
    return main(["ablate", *options.split(), "--epochs", epochs])


def test_ablation_recipes_differ_in_a_single_choice_each() -> None:
    whole, *others = ablation.recipes(12, 0).values()
    for other in others:
        changed = [name for name in vars(whole) if vars(whole)[name] != vars(other)[name]]
        assert len(changed) == 1


def test_ablate_trains_each_arm_once_and_measures_on_held_out_images(
    few_images, capsys, monkeypatch
):
    assert run("1") == 0
    shown = capsys.readouterr().out
    assert "% of 20 held-out images" in shown
    arms = json.loads(Path("ablation.json").read_text())["arms"]
    assert [arm["name"] for arm in arms] == list(ablation.recipes(1, 0))
    assert all(f"{arm['accuracy']:.2f}" in shown for arm in arms)

    monkeypatch.setattr(
        "quantlab.training.trainer.augmented_batches", None
    )  # nothing is trained again
    assert run("1") == 0
    assert json.loads(Path("ablation.json").read_text())["arms"] == arms


def test_ablate_refuses_negative_epochs_in_a_sentence(few_images, capsys):
    assert run("-1") == 2
    assert "needs at least 0 epochs" in capsys.readouterr().err
