"""The state of a training, for resuming: read at the start, written after every epoch.

A training also writes it within an epoch: once a minute, and when it is stopped. A checkpoint
belongs to a recipe, the data and the number of images; any other raises `RecipeMismatch`. It
contains nothing about the machine: a training may continue on another one.
"""

import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from quantlab.atomic_files import write_atomically
from quantlab.errors import RecipeMismatch

START_AGAIN = "Delete it to start again"


@dataclass(frozen=True)
class Training:
    """The objects that a training changes; `mean` if weights are averaged."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    mean: AveragedModel | None


@dataclass(frozen=True)
class Sums:
    """The sums over the steps of an unfinished epoch. `hits` counts correct predictions."""

    steps: int = 0
    loss: float = 0.0
    hits: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def plus(self, losses: Sequence[float], hits: Sequence[int]) -> "Sums":
        """Return the sums with more steps."""
        loss = self.loss
        for value in losses:  # one after the other: equal bits, however they are grouped
            loss += value
        return replace(self, steps=self.steps + len(losses), loss=loss, hits=self.hits + sum(hits))


@dataclass(frozen=True)
class Progress:
    """The progress of a training.

    Attributes:
        history: The epochs so far, for JSON.
        best: The weights after the best epoch, {} without validation.
        unfinished: The sums of the epoch in progress.
        precision: That of the training, None before its first step.
        scaler: The state of the gradient scaler, {} without one.
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
    """Write the state atomically, if there is a path. Raises `OSError`."""
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

    Raises:
        RecipeMismatch: The checkpoint belongs to another training or cannot be read.
    """
    if path is None or not Path(path).is_file():
        return Progress()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        earlier = state["made_by"]
        changed = [
            f"{name} was {earlier.get(name)!r} and is now {value!r}"
            for name, value in made_by.items()
            if earlier.get(name) != value
        ]
        if changed:
            raise RecipeMismatch(
                f"{path} belongs to another recipe ({'; '.join(changed)}). "
                f"{START_AGAIN}, or use its recipe."
            )
        training.model.load_state_dict(state["model"])
        training.optimizer.load_state_dict(state["optimizer"])
        for group in training.optimizer.param_groups:
            group["fused"] = training.optimizer.defaults.get("fused")  # this device's, not its
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
            f"{path} is not a training checkpoint of this network. {START_AGAIN}."
        ) from None
