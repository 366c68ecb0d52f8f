"""The training of image classifiers, resumable at every step.

`fit` trains with SGD and Nesterov momentum under a cosine schedule with warm-up; crops, flips and
mixup work on whole batches. Tensors are channels-last. The forward pass runs in the fastest of
float32, bfloat16 and float16 (`quantlab.training.precision`). The first epochs may use smaller
images (progressive resizing, Tan and Le 2021), in a fraction of the time.

On a GPU the images are on the device, and losses are read about once a second: no step waits for
the host.

A checkpoint of another recipe raises `RecipeMismatch`. The command `python -m quantlab.training` is
`quantlab/training/__main__.py`.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from quantlab.data.images import ImageSet
from quantlab.errors import RecipeMismatch, Stopped
from quantlab.evaluation.float_network import evaluate
from quantlab.progress_bar import progress_bar
from quantlab.training.augmentation import augmented_batches
from quantlab.training.epoch_clock import EpochClock
from quantlab.training.precision import candidates, requested
from quantlab.training.recipe import Recipe
from quantlab.training.steps import Loss, Objective, Step, fastest_precision, objective_of
from quantlab.training.training_state import Progress, Sums, Training, resume, save

__all__ = [
    "Epoch",
    "Recipe",
    "RecipeMismatch",
    "augmented_batches",
    "best_score",
    "fit",
]

Watch = Callable[[int, Sequence[float]], None]
"""Called with the number of a step, counted from 0 over all epochs, and the losses from it on."""


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
    objective: Objective | None = None,
    groups: list[dict[str, Any]] | None = None,
    validation: ImageSet | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    compile: bool = False,
    progress: bool = True,
    precision: str | None = None,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[list[Epoch]], None] = lambda history: None,
    watch: Watch = lambda step, losses: None,
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
        objective: (network, images, labels) -> (loss, logits), in place of `loss`.
        groups: The optimizer's groups, if parameters differ in weight decay or, by a factor
            `lr_scale`, in learning rate.
        validation: Held-out images. Of equally good epochs the last wins.
        checkpoint: A file. It is written atomically after each epoch and once a minute, and resumed
            from at the start.
        device: Default CUDA if there is one.
        compile: Fuse batch norm, ReLU and fake quantization by torch.compile (needs a C++
            compiler).
        progress: Show a progress bar.
        precision: "float32", "bfloat16" or "float16"; by default that of QUANTLAB_PRECISION, else
            of the checkpoint, else the fastest.
        stop: Called after each step; on true the step is saved and `Stopped` is raised.
        report: Called after each epoch with the epochs so far.
        watch: Called about once a second, see `Watch`.

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
    optimizer = _optimizer(model, recipe, groups, device)
    training = Training(model, optimizer, _average_of(model, recipe))
    train = replace(train, images=train.images.to(device), labels=train.labels.to(device))
    run = _Run(training, train, recipe, validation, checkpoint, device, watch)
    objective = objective or objective_of(loss or _cross_entropy(recipe.label_smoothing))
    if precision is None and run.resumed.precision in candidates(device):
        precision = run.resumed.precision
    if precision is None and not run.done:
        batch = next(augmented_batches(train, recipe, 0, device))
        precision = fastest_precision(model, objective, batch)
    forward = torch.compile(model, dynamic=False) if compile else model
    scaler = run.resumed.scaler
    step = Step(model, forward, objective, optimizer, precision or "float32", scaler)
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
        watch: Watch,
    ) -> None:
        self._training, self._train, self._recipe = training, train, recipe
        self._validation, self._checkpoint, self._device = validation, checkpoint, device
        self._watch = watch
        held_out = 0 if validation is None else len(validation)
        self._made_by = {
            **{"data": train.name, "images": len(train), "held_out": held_out},
            **asdict(recipe),
        }
        self.resumed = resume(checkpoint, training, self._made_by)
        self.history = [Epoch(**epoch) for epoch in self.resumed.history]
        self._best, self._sums = self.resumed.best, self.resumed.unfinished
        self._unread: list[tuple[Tensor, Tensor]] = []  # losses and hits on the device

    @property
    def done(self) -> bool:
        return len(self.history) >= self._recipe.epochs

    def epoch(self, step: Step, stop: Callable[[], bool], progress: bool) -> None:
        """Train to the end of the epoch and write the checkpoint. Raises `Stopped`."""
        recipe, training, number = self._recipe, self._training, len(self.history)
        training.model.train()
        clock = EpochClock()
        steps, first = len(self._train) // recipe.batch_size, self._sums.steps
        batches = augmented_batches(self._train, recipe, number, self._device, first)
        title = f"epoch {number + 1}/{recipe.epochs}"
        with progress_bar(total=steps, desc=title, initial=first, disable=not progress) as bar:
            for done, (images, labels) in enumerate(batches, first + 1):
                _set_rate(training.optimizer, recipe.rate(number + (done - 1) / steps))
                value, logits = step(images, labels)
                if training.mean is not None and recipe.averages(number):
                    training.mean.update_parameters(training.model)
                self._unread.append((value, _hits(logits, labels)))
                if clock.read_due() or done == steps:
                    self._read(number * steps)
                    bar.set_postfix(loss=f"{self._sums.loss / done:.3f}", refresh=False)
                bar.update()
                if stop():
                    self._save_within_epoch(step, clock)
                    raise Stopped(
                        f"Interrupted in epoch {number + 1} of {recipe.epochs} "
                        f"at step {done} of {steps}."
                    )
                if clock.save_due():
                    self._save_within_epoch(step, clock)
        self._end_epoch(step, steps, clock)
        self._write(step)

    def _read(self, before: int = 0) -> None:
        """Add the unread losses to the sums and show them to the watcher.

        `before` is the number of steps before this epoch. A GPU finishes its work first.
        """
        if self._unread:
            losses, hits = (
                torch.stack(column).tolist() for column in zip(*self._unread, strict=True)
            )
            self._unread.clear()
            self._watch(before + self._sums.steps, losses)
            self._sums = self._sums.plus(losses, hits)

    def _save_within_epoch(self, step: Step, clock: EpochClock) -> None:
        self._read(len(self.history) * (len(self._train) // self._recipe.batch_size))
        self._sums = clock.added_to(self._sums)
        self._write(step)

    def _end_epoch(self, step: Step, steps: int, clock: EpochClock) -> None:
        mean, score = self._training.mean, None
        kept = mean.module if mean is not None and self._recipe.average_decay else step.model
        if self._validation is not None:
            score = evaluate(kept, self._validation, device=self._device)
        sums, self._sums = clock.added_to(self._sums), Sums()
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
    model: nn.Module, recipe: Recipe, groups: list[dict[str, Any]] | None, device: torch.device
) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        groups or model.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.momentum > 0,
        # The fused one skips steps that overflow on the device; others ask the host.
        fused=True if device.type == "cuda" else None,
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


def _hits(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how many logits are largest at the label, of a mixed batch at its larger label."""
    if labels.ndim > 1:
        labels = labels.argmax(1)
    return (logits.argmax(1) == labels).sum()


def best_score(history: list[Epoch]) -> float:
    """Return the best validation accuracy of a history with at least one."""
    return max(e.validation_accuracy for e in history if e.validation_accuracy is not None)
