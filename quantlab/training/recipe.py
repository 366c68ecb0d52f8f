"""The recipe of a training: its hyperparameters, and the learning rate at each step."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training.

    With the data and the initial weights they determine its outcome. `mixup` is the alpha of
    Beta(alpha, alpha) (Zhang et al. 2018), 0 for none. The last `unmixed_epochs` train on plain
    images. `average_decay` is that of an exponential moving average of the weights, by step, 0 for
    none.
    """

    epochs: int
    batch_size: int = 128
    learning_rate: float = 0.15
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup_epochs: float = 5.0
    small_epochs: int = 0  # the first so many epochs see images of small_size
    small_size: int = 24  # pixels
    averaged_epochs: int = 0  # the last so many, see `quantlab.training.trainer.fit`
    seed: int = 0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    unmixed_epochs: int = 0
    average_decay: float = 0.0

    def __post_init__(self) -> None:
        """Raise `ValueError` for values that no training can follow."""
        if self.epochs < 0 or self.batch_size < 1 or not self.learning_rate > 0:
            raise ValueError(
                "A training needs at least 0 epochs, 1 image per batch and a learning rate above "
                f"0, got {self.epochs} epochs, batches of {self.batch_size} and the learning rate "
                f"{self.learning_rate:g}."
            )
        if not 0 <= self.averaged_epochs <= self.epochs:
            raise ValueError(
                f"averaged_epochs: expected 0 to {self.epochs}, got {self.averaged_epochs}."
            )
        if not (0 <= self.label_smoothing < 1 and 0 <= self.average_decay < 1 and self.mixup >= 0):
            raise ValueError(
                f"Label smoothing {self.label_smoothing:g}, average decay {self.average_decay:g} "
                f"and mixup {self.mixup:g} are out of range: the first two are at least 0 and "
                "below 1, mixup is at least 0."
            )
        if self.averaged_epochs and self.average_decay:
            raise ValueError(
                "averaged_epochs and average_decay are two ways to average weights: choose one."
            )

    def mixes(self, epoch: int) -> bool:
        """Return whether the epoch, counted from 0, trains on mixed images."""
        return self.mixup > 0 and epoch < self.epochs - self.unmixed_epochs

    def averages(self, epoch: int) -> bool:
        """Return whether the weights of the epoch, counted from 0, enter the average."""
        return self.average_decay > 0 or epoch >= self.epochs - self.averaged_epochs

    def rate(self, epoch: float) -> float:
        """Return the learning rate: a linear warm-up, then a cosine to zero.

        The cosine stops where `averaged_epochs` begin.
        """
        moving = self.epochs - self.averaged_epochs
        epoch = min(epoch, max(moving, self.warmup_epochs))
        if epoch < self.warmup_epochs:
            return self.learning_rate * epoch / self.warmup_epochs
        rest = (epoch - self.warmup_epochs) / (self.epochs - self.warmup_epochs)
        return self.learning_rate * (1 + math.cos(math.pi * rest)) / 2
