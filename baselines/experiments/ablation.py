"""What the choices in the float network's training are worth: each undone, the rest as it was.

    python -m baselines ablate [--epochs 12] [--seeds 1]

Short trainings from scratch on the training images without the held-out ones, on which they are
measured; the test set is not read. Two choices are doubted (`quantlab.training.trainer`): images of
24x24 pixels at first, which are meant to save time, and the mean of the last epochs' weights. In 8
epochs on CIFAR-10, seed 0, all of it gave 85.92 % of the held-out images, without small images
86.18, and without averaging 86.34; a standard error is 0.5, so that so short a training shows
neither's worth. Interrupted, the same command goes on. It can fail as `quantlab.data.cifar10` and
`quantlab.training.trainer` do.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean

import torch
from rich.console import Console
from rich.table import Table

from quantlab.atomic_files import write_text_atomically
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.data.images import ImageSet
from quantlab.data.split import held_out_split
from quantlab.errors import RecipeMismatch
from quantlab.evaluation.float_network import evaluate
from quantlab.network.resnet import resnet20
from quantlab.training.recipe import Recipe
from quantlab.training.trainer import Epoch, fit

RESUME = Path("runs")
SMALL_SHARE, AVERAGED_SHARE, WARMUP = 1 / 2, 1 / 3, 1.0


@dataclass(frozen=True)
class Arm:
    """One recipe and one seed: accuracy in percent of the held-out images, minutes of training."""

    name: str
    recipe: Recipe
    accuracy: float
    train_accuracy: float
    minutes: float


def recipes(epochs: int, seed: int) -> Mapping[str, Recipe]:
    """The whole recipe, shortened, and one without each choice."""
    whole = Recipe(
        epochs,
        warmup_epochs=min(WARMUP, epochs / 4),
        small_epochs=round(SMALL_SHARE * epochs),
        averaged_epochs=round(AVERAGED_SHARE * epochs),
        seed=seed,
    )
    return {
        "all of it": whole,
        "without small images": replace(whole, small_epochs=0),
        "without averaging": replace(whole, averaged_epochs=0),
    }


def ablate(options: argparse.Namespace) -> int:
    """The command; the exit status. Everything that goes wrong is a sentence."""
    try:
        train, held_out = held_out_split(load_dataset(options.data, "train"))
        arms = []
        for arm in _train(train, held_out, options.epochs, options.seeds, not options.no_compile):
            arms.append(arm)
            record = {"data": options.data, "torch": torch.__version__}
            text = json.dumps({**record, "arms": [asdict(one) for one in arms]}, indent=1)
            options.out.parent.mkdir(parents=True, exist_ok=True)
            write_text_atomically(options.out, text + "\n")
    except (DataNotFound, RecipeMismatch, ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    _show(arms, len(held_out))
    return 0


def _train(
    train: ImageSet, held_out: ImageSet, epochs: int, seeds: int, compile: bool
) -> Iterator[Arm]:
    for seed in range(seeds):
        for name, recipe in recipes(epochs, seed).items():
            print(f"{name}, seed {seed}")
            torch.manual_seed(seed)
            model = resnet20()
            resume = RESUME / f"ablation_{name.replace(' ', '_')}_{epochs}_{seed}.resume.pt"
            history = fit(model, train, recipe, checkpoint=resume, compile=compile)
            yield Arm(
                name,
                recipe,
                evaluate(model, held_out),
                history[-1].train_accuracy,
                _minutes(history),
            )


def _minutes(history: list[Epoch]) -> float:
    return sum(epoch.seconds for epoch in history) / 60


def _show(arms: list[Arm], images: int) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("", f"% of {images:,} held-out images", "% of training images", "minutes"):
        table.add_column(column, justify="right" if column else "left")
    for name in dict.fromkeys(arm.name for arm in arms):
        same = [arm for arm in arms if arm.name == name]
        accuracies = " ".join(f"{arm.accuracy:.2f}" for arm in same)
        table.add_row(
            name,
            accuracies,
            f"{mean(arm.train_accuracy for arm in same):.2f}",
            f"{mean(arm.minutes for arm in same):.1f}",
        )
    Console().print(table)
