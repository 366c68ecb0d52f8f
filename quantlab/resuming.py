"""What a training needs to go on where it was: written after every epoch, read at the start.

A checkpoint belongs to the recipe, the data and the number of images that it was made with. One of
another kind is refused with a `RecipeMismatch`, never silently continued.
"""

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from quantlab.files import write_atomically

AFRESH = "Delete it to start afresh"


class RecipeMismatch(Exception):
    """The checkpoint to resume from was made by another recipe; the message says by which."""


@dataclass(frozen=True)
class Training:
    """What changes in the course of a training; `mean` where weights are averaged."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    mean: AveragedModel | None


@dataclass(frozen=True)
class Progress:
    """The epochs so far, for JSON, and the weights after the best of them, if one was chosen."""

    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)


def save(
    path: str | os.PathLike[str] | None,
    training: Training,
    made_by: Mapping[str, Any],
    progress: Progress,
) -> None:
    """Writes all of it atomically, if there is a path. Raises `OSError`."""
    if path is None:
        return
    mean = training.mean
    state: dict[str, Any] = {
        "made_by": dict(made_by),
        "model": training.model.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "mean": {} if mean is None else mean.state_dict(),
        "history": progress.history,
        "best": progress.best,
    }
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda stream: torch.save(state, stream))


def resume(
    path: str | os.PathLike[str] | None, training: Training, made_by: Mapping[str, Any]
) -> Progress:
    """Puts `training` where the checkpoint left off, if there is one. Raises `RecipeMismatch`."""
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
        return Progress(state["history"], state["best"])
    except (pickle.UnpicklingError, EOFError, RuntimeError, KeyError, ValueError, TypeError):
        raise RecipeMismatch(
            f"{path} is not a training checkpoint of this network. {AFRESH}."
        ) from None
