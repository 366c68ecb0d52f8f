"""The command `ablate`: train the float network with and without each choice of its recipe."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import mean

import torch
from rich.console import Console
from rich.table import Table

from baselines.commands.problems import report_problems
from baselines.exit_status import DONE
from baselines.experiments.ablation import AblateOptions, AblationArm, train_arms
from baselines.experiments.results import write_record
from quantlab.data.cifar10 import load_dataset
from quantlab.data.split import held_out_split


def ablate(options: AblateOptions) -> int:
    """Train, measure, write and print the arms, and return the exit status."""
    return report_problems(lambda: _ablate(options))


def _ablate(options: AblateOptions) -> int:
    train, held_out = held_out_split(load_dataset(options.dataset, "train"))
    arms: list[AblationArm] = []
    for arm in train_arms(train, held_out, options):
        arms.append(arm)
        record = {"data": options.dataset, "torch": torch.__version__}
        write_record(options.out, {**record, "arms": [asdict(each) for each in arms]})
    _print(arms, len(held_out))
    return DONE


def _print(arms: Sequence[AblationArm], images: int) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("", f"% of {images:,} held-out images", "% of training images", "minutes"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in dict.fromkeys(arm.name for arm in arms):
        same = [arm for arm in arms if arm.name == name]
        table.add_row(
            name,
            " ".join(f"{arm.accuracy:.2f}" for arm in same),
            f"{mean(arm.train_accuracy for arm in same):.2f}",
            f"{mean(arm.minutes for arm in same):.1f}",
        )
    Console().print(table)
