"""The training of image classifiers, resumable at every step.

`fit` trains with SGD and Nesterov momentum under a cosine schedule with warm-up; crops, flips and
mixup work on whole batches. Tensors are channels-last. The forward pass runs in the fastest of
float32, bfloat16 and float16 (`quantlab.training.precision`). The first epochs may use smaller
images (progressive resizing, Tan and Le 2021), in a fraction of the time.

A checkpoint of another recipe raises `RecipeMismatch`. The command `python -m quantlab.training` is
`quantlab/training/__main__.py`.
"""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn
from tqdm import tqdm

from quantlab.data.images import ImageSet
from quantlab.errors import RecipeMismatch, Stopped
from quantlab.evaluation.float_network import evaluate
from quantlab.training.augmentation import augmented_batches
from quantlab.training.precision import candidates, requested
from quantlab.training.recipe import Recipe
from quantlab.training.steps import Loss, Step, fastest_precision
from quantlab.training.training_state import Progress, Sums, Training, resume, save

__all__ = [
    "Epoch",
    "Recipe",
    "RecipeMismatch",
    "augmented_batches",
    "best_score",
    "fit",
]


@dataclass(frozen=True)
class Epoch:
    """The record of one epoch: mean loss and accuracy on the augmented training images, seconds.

    `validation_accuracy`, in percent, is None without held-out images. `cpu_seconds` is the time of
    all processors; `precision` is the format at the end of the epoch.
    """

    epoch: int
    loss: float
    train_accuracy: float
    seconds: float
    validation_accuracy: float | None = None
    cpu_seconds: float | None = None
    precision: str | None = None

    def record(self) -> dict[str, Any]:
        """Return the fields that are not None, for JSON."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
            if value is not None
        }


def fit(
    model: nn.Module,
    train: ImageSet,
    recipe: Recipe,
    *,
    loss: Loss | None = None,
    groups: list[dict[str, Any]] | None = None,
    validation: ImageSet | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    compile: bool = False,
    progress: bool = True,
    precision: str | None = None,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[list[Epoch]], None] = lambda history: None,
) -> list[Epoch]:
    """Train `model` in place and return one record per epoch.

    Over the last `averaged_epochs` of the recipe the learning rate is constant. The model ends as
    the mean of its weights after each of their steps (stochastic weight averaging, Izmailov et al.
    2018), its batch statistics computed again. With `average_decay` an exponential moving average
    of weights and batch statistics replaces the model in validation and at the end.

    Args:
        model: The model. It ends with the weights after the last epoch, or with `validation` after
            the best one.
        train: The training images.
        recipe: The hyperparameters.
        loss: (images, logits, labels) -> scalar, default cross entropy. It runs under autocast, so
            a teacher runs in the model's precision.
        groups: The optimizer's groups, if parameters differ in weight decay or, by a factor
            `lr_scale`, in learning rate.
        validation: Held-out images. Of equally good epochs the last wins.
        checkpoint: A file. It is written atomically after each epoch and resumed from at the start.
        device: Default CUDA if there is one.
        compile: Fuse batch norm, ReLU and fake quantization by torch.compile (needs a C++
            compiler).
        progress: Show a progress bar.
        precision: "float32", "bfloat16" or "float16"; by default that of QUANTLAB_PRECISION, else
            of the checkpoint, else the fastest.
        stop: Called after each step; on true the step is saved and `Stopped` is raised.
        report: Called after each epoch with the epochs so far.

    Raises:
        RecipeMismatch: The checkpoint belongs to another training.
        Stopped: `stop` returned true.
        ValueError: The images do not fill a batch, or the precision is unknown.
    """
    if len(train) < recipe.batch_size:
        raise ValueError(
            f"The {len(train)} images of {train.name} ({train.split}) do not fill one batch of "
            f"{recipe.batch_size}: choose a smaller batch."
        )
    precision = requested(precision)
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    model.to(device).to(memory_format=torch.channels_last)
    training = Training(model, _optimizer(model, recipe, groups), _average_of(model, recipe))
    run = _Run(training, train, recipe, validation, checkpoint, device)
    loss = loss or _cross_entropy(recipe.label_smoothing)
    if precision is None and run.resumed.precision in candidates(device):
        precision = run.resumed.precision
    if precision is None and not run.done:
        batch = next(augmented_batches(train, recipe, 0, device))
        precision = fastest_precision(model, loss, batch)
    forward = torch.compile(model, dynamic=False) if compile else model
    scaler = run.resumed.scaler
    step = Step(model, forward, loss, training.optimizer, precision or "float32", scaler)
    while not run.done:
        run.epoch(step, stop, progress)
        report(run.history)
    run.finish()
    return run.history


class _Run:
    """A running training: the epochs so far, the best weights, and the epoch in progress."""

    def __init__(
        self,
        training: Training,
        train: ImageSet,
        recipe: Recipe,
        validation: ImageSet | None,
        checkpoint: str | os.PathLike[str] | None,
        device: torch.device,
    ) -> None:
        self._training, self._train, self._recipe = training, train, recipe
        self._validation, self._checkpoint, self._device = validation, checkpoint, device
        held_out = 0 if validation is None else len(validation)
        self._made_by = {
            **{"data": train.name, "images": len(train), "held_out": held_out},
            **asdict(recipe),
        }
        self.resumed = resume(checkpoint, training, self._made_by)
        self.history = [Epoch(**epoch) for epoch in self.resumed.history]
        self._best, self._sums = self.resumed.best, self.resumed.unfinished

    @property
    def done(self) -> bool:
        return len(self.history) >= self._recipe.epochs

    def epoch(self, step: Step, stop: Callable[[], bool], progress: bool) -> None:
        """Train to the end of the epoch and write the checkpoint. Raises `Stopped`."""
        recipe, training, number = self._recipe, self._training, len(self.history)
        training.model.train()
        started = time.monotonic(), time.process_time()
        steps = len(self._train) // recipe.batch_size
        batches = augmented_batches(self._train, recipe, number, self._device)
        bar = tqdm(
            islice(batches, self._sums.steps, None),
            f"epoch {number + 1}/{recipe.epochs}",
            steps,
            initial=self._sums.steps,
            disable=not progress,
        )
        for images, labels in bar:
            _set_rate(training.optimizer, recipe.rate(number + self._sums.steps / steps))
            value, logits = step(images, labels)
            if training.mean is not None and recipe.averages(number):
                training.mean.update_parameters(training.model)
            self._sums = self._sums.plus(value, _hits(logits, labels))
            bar.set_postfix(loss=f"{self._sums.loss / self._sums.steps:.3f}", refresh=False)
            if stop():
                self._sums = _timed(self._sums, started)
                self._write(step)
                done = f"after {self._sums.steps} of {steps} steps"
                raise Stopped(f"Stopped in epoch {number + 1}, {done}.")
        self._end_epoch(step, steps, started)
        self._write(step)

    def _end_epoch(self, step: Step, steps: int, started: tuple[float, float]) -> None:
        mean, score = self._training.mean, None
        kept = mean.module if mean is not None and self._recipe.average_decay else step.model
        if self._validation is not None:
            score = evaluate(kept, self._validation, device=self._device)
        sums = _timed(self._sums, started)
        self._sums = Sums()
        self.history.append(
            Epoch(
                len(self.history) + 1,
                sums.loss / steps,
                100 * sums.hits / (steps * self._recipe.batch_size),
                sums.seconds,
                score,
                sums.cpu_seconds,
                step.precision,
            )
        )
        if score is not None and score >= best_score(self.history):
            self._best = {name: tensor.clone() for name, tensor in kept.state_dict().items()}

    def _write(self, step: Step) -> None:
        epochs = [asdict(epoch) for epoch in self.history]
        progress = Progress(epochs, self._best, self._sums, step.precision, step.scaler_state())
        save(self._checkpoint, self._training, self._made_by, progress)

    def finish(self) -> None:
        """Load the model with its final weights."""
        model, mean, recipe = self._training.model, self._training.mean, self._recipe
        if mean is not None:
            model.load_state_dict(mean.module.state_dict())
        if recipe.averaged_epochs:
            batches = augmented_batches(self._train, recipe, recipe.epochs, self._device)
            update_bn(batches, model)
        if self._best:
            model.load_state_dict(self._best)


def _optimizer(
    model: nn.Module, recipe: Recipe, groups: list[dict[str, Any]] | None
) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        groups or model.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.momentum > 0,
    )


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group.get("lr_scale", 1.0) * rate


def _average_of(model: nn.Module, recipe: Recipe) -> AveragedModel | None:
    if recipe.average_decay:
        decay = get_ema_multi_avg_fn(recipe.average_decay)
        return AveragedModel(model, multi_avg_fn=decay, use_buffers=True)
    return AveragedModel(model) if recipe.averaged_epochs else None


def _cross_entropy(label_smoothing: float) -> Loss:
    def loss(images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels, label_smoothing=label_smoothing)

    return loss


def _hits(logits: Tensor, labels: Tensor) -> int:
    """Return how many logits are largest at the label, of a mixed batch at its larger label."""
    if labels.ndim > 1:
        labels = labels.argmax(1)
    return int((logits.argmax(1) == labels).sum())


def _timed(sums: Sums, started: tuple[float, float]) -> Sums:
    """Return `sums` with the wall-clock and processor time since `started`."""
    return replace(
        sums,
        seconds=sums.seconds + time.monotonic() - started[0],
        cpu_seconds=sums.cpu_seconds + time.process_time() - started[1],
    )


def best_score(history: list[Epoch]) -> float:
    """Return the best validation accuracy of a history with at least one."""
    return max(e.validation_accuracy for e in history if e.validation_accuracy is not None)
