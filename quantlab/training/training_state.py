"""What a training needs to continue where it was: written after every epoch, read at the start.

A training that is asked to stop within an epoch writes it there, too. A checkpoint belongs to the
recipe, the data and the number of images that it was made with. One of another kind is refused with
a `RecipeMismatch`, never silently continued. It contains nothing of the machine, so that a training
may continue on another one.
"""

import os
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from quantlab.atomic_files import write_atomically
from quantlab.errors import RecipeMismatch

AFRESH = "Delete it to start afresh"


@dataclass(frozen=True)
class Training:
    """What changes in the course of a training; `mean` where weights are averaged."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    mean: AveragedModel | None


@dataclass(frozen=True)
class Sums:
    """What the steps of an unfinished epoch added up to. `hits` counts right answers."""

    steps: int = 0
    loss: float = 0.0
    hits: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def plus(self, loss: float, hits: int) -> "Sums":
        """Return them with one more step."""
        return replace(self, steps=self.steps + 1, loss=self.loss + loss, hits=self.hits + hits)


@dataclass(frozen=True)
class Progress:
    """The epochs so far, for JSON, and the weights after the best of them, if one was chosen.

    `precision` is the one that the training runs in, None before its first step; `scaler` is the
    state of the gradient scaler, {} where there is none.
    """

    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    unfinished: Sums = Sums()
    precision: str | None = None
    scaler: dict[str, Any] = field(default_factory=dict)


def save(
    path: str | os.PathLike[str] | None,
    training: Training,
    made_by: Mapping[str, Any],
    progress: Progress,
) -> None:
    """Write all of it atomically, if there is a path. Raises `OSError`."""
    if path is None:
        return
    mean = training.mean
    state: dict[str, Any] = {
        "made_by": dict(made_by),
        "model": training.model.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "mean": {} if mean is None else mean.state_dict(),
        "random": torch.get_rng_state(),
        "history": progress.history,
        "best": progress.best,
        "unfinished": asdict(progress.unfinished),
        "precision": progress.precision,
        "scaler": progress.scaler,
    }
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda stream: torch.save(state, stream))


def resume(
    path: str | os.PathLike[str] | None, training: Training, made_by: Mapping[str, Any]
) -> Progress:
    """Restore `training` and torch's random numbers from the checkpoint, if there is one.

    Raises `RecipeMismatch`.
    """
    if path is None or not Path(path).is_file():
        return Progress()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        was = state["made_by"]
        changed = [
            f"{name} was {was.get(name)!r} and is now {value!r}"
            for name, value in made_by.items()
            if was.get(name) != value
        ]
        if changed:
            raise RecipeMismatch(
                f"{path} was made by another recipe ({'; '.join(changed)}). "
                f"{AFRESH}, or use the recipe it was made by."
            )
        training.model.load_state_dict(state["model"])
        training.optimizer.load_state_dict(state["optimizer"])
        if training.mean is not None:
            training.mean.load_state_dict(state["mean"])
        torch.set_rng_state(state["random"])
        return Progress(
            state["history"],
            state["best"],
            Sums(**state["unfinished"]),
            state["precision"],
            state["scaler"],
        )
    except (pickle.UnpicklingError, EOFError, RuntimeError, KeyError, ValueError, TypeError):
        raise RecipeMismatch(
            f"{path} is not a training checkpoint of this network. {AFRESH}."
        ) from None
