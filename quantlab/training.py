"""Training and evaluation of image classifiers, resumable after every epoch.

`fit` trains with SGD and Nesterov momentum under a cosine schedule with warm-up; crops and flips
are made on whole batches of tensors. The forward pass runs under bfloat16 autocast with
channels-last tensors, on a CPU and on CUDA. The first epochs may see smaller images (progressive
resizing, Tan and Le 2021), which costs a fraction of the time.

    python -m quantlab.training --data cifar10 --out checkpoints/resnet20_cifar10.pt

trains ResNet-20 from scratch and writes the weights with a JSON record of how they were made.
Interrupted, the same command goes on after the last whole epoch; a checkpoint of another recipe is
refused with a `RecipeMismatch`, never silently continued. Besides that, a `Recipe` that cannot be
followed (no whole batch, say) is a `ValueError`.
"""

import argparse
import json
import math
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, update_bn
from tqdm import tqdm

from quantlab.augmentation import crop_and_flip
from quantlab.checkpoint import BadCheckpoint, load_float
from quantlab.data import DATASETS, DataNotFound, load_dataset
from quantlab.files import write_atomically, write_text_atomically
from quantlab.images import ImageSet, normalize
from quantlab.memory import keep_freed_memory
from quantlab.resnet import resnet20
from quantlab.resuming import Progress, RecipeMismatch, Training, resume, save

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]  # (normalized images, logits, labels) -> scalar


@dataclass(frozen=True)
class Recipe:
    """What decides the outcome of a training, besides the data and the initial weights."""

    epochs: int
    batch_size: int = 128
    learning_rate: float = 0.15
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup_epochs: float = 5.0
    small_epochs: int = 0  # the first so many epochs see images of small_size
    small_size: int = 24  # pixels
    averaged_epochs: int = 0  # the last so many, see `fit`
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 0 or self.batch_size < 1 or not self.learning_rate > 0:
            raise ValueError(
                f"A training of {self.epochs} epochs in batches of {self.batch_size} at learning "
                f"rate {self.learning_rate:g} is none: give at least 0 epochs, 1 image per batch "
                "and a learning rate above 0."
            )
        if not 0 <= self.averaged_epochs <= self.epochs:
            raise ValueError(
                f"{self.averaged_epochs} epochs cannot be averaged at the end of {self.epochs}: "
                f"ask for 0 to {self.epochs}."
            )


@dataclass(frozen=True)
class Epoch:
    """What one epoch did: mean loss and accuracy on the augmented training images, seconds.

    `validation_accuracy`, in percent, is None where nothing was held out.
    """

    epoch: int
    loss: float
    train_accuracy: float
    seconds: float
    validation_accuracy: float | None = None

    def record(self) -> dict[str, float]:
        """For JSON."""
        return {k: round(v, 4) for k, v in asdict(self).items() if v is not None}


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
) -> list[Epoch]:
    """Train `model` in place and return one record per epoch.

    `loss(images, logits, labels)` defaults to cross entropy. `groups` are the optimizer's, where
    parameters differ in weight decay or, by a factor `lr_scale`, in learning rate. With held-out
    `validation` images the model ends as it was after the epoch that was best on them, the last
    such one; without, as the last epoch left it. Over the last `averaged_epochs` of the recipe the
    learning rate stays, and the model ends as the mean of what it was after each of their steps
    (stochastic weight averaging, Izmailov et al. 2018), its batch statistics taken anew.

    After each epoch everything needed to go on is written atomically to `checkpoint`; a file found
    there at the start is resumed from. `compile=True` fuses batch normalization, ReLU and fake
    quantization through torch.compile (needs a C++ compiler). Raises `RecipeMismatch`, and
    `ValueError` when the images do not fill a batch.
    """
    if len(train) < recipe.batch_size:
        raise ValueError(
            f"The {len(train)} images of {train.name} ({train.split}) do not fill one batch of "
            f"{recipe.batch_size}: choose a smaller batch."
        )
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    model.to(device).to(memory_format=torch.channels_last)
    held_out = 0 if validation is None else len(validation)
    made_by = {"data": train.name, "images": len(train), "held_out": held_out, **asdict(recipe)}
    optimizer = torch.optim.SGD(
        groups or model.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.momentum > 0,
    )
    mean = AveragedModel(model) if recipe.averaged_epochs else None
    training = Training(model, optimizer, mean)
    found = resume(checkpoint, training, made_by)
    history, best = [Epoch(**epoch) for epoch in found.history], found.best
    forward = torch.compile(model, dynamic=False) if compile else model
    loss = loss or (lambda images, logits, labels: F.cross_entropy(logits, labels))
    steps = len(train) // recipe.batch_size
    for epoch in range(len(history), recipe.epochs):
        model.train()
        started, losses, hits = time.monotonic(), 0.0, 0
        batches = augmented_batches(train, recipe, epoch, device)
        bar = tqdm(
            batches, total=steps, desc=f"epoch {epoch + 1}/{recipe.epochs}", disable=not progress
        )
        for step, (images, labels) in enumerate(bar):
            for group in optimizer.param_groups:
                scale = group.get("lr_scale", 1.0)
                group["lr"] = scale * _learning_rate(recipe, epoch + step / steps)
            with torch.autocast(device.type, torch.bfloat16):
                logits = forward(images)
            value = loss(images, logits.float(), labels)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            if mean is not None and epoch >= recipe.epochs - recipe.averaged_epochs:
                mean.update_parameters(model)
            losses += float(value.detach())
            hits += int((logits.argmax(1) == labels).sum())
            bar.set_postfix(loss=f"{losses / (step + 1):.3f}", refresh=False)
        seen = steps * recipe.batch_size
        seconds = time.monotonic() - started
        score = None if validation is None else evaluate(model, validation, device=device)
        history.append(Epoch(epoch + 1, losses / steps, 100 * hits / seen, seconds, score))
        if score is not None and score >= max(_validated(history)):
            best = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        save(checkpoint, training, made_by, Progress([asdict(e) for e in history], best))
    if mean is not None:
        model.load_state_dict(mean.module.state_dict())
        update_bn(augmented_batches(train, recipe, recipe.epochs, device), model)
    if best:
        model.load_state_dict(best)
    return history


def _validated(history: list[Epoch]) -> list[float]:
    return [e.validation_accuracy for e in history if e.validation_accuracy is not None]


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    data: ImageSet,
    batch_size: int = 500,
    device: str | torch.device | None = None,
    progress: bool = False,
) -> float:
    """Top-1 accuracy in percent, in float32 and evaluation mode; leaves the mode as it was."""
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    keep_freed_memory()
    was_training = model.training
    model.to(device).to(memory_format=torch.channels_last).eval()
    hits = 0
    starts = range(0, len(data), batch_size)
    for start in tqdm(starts, desc="evaluating", disable=not progress):
        images = data.images[start : start + batch_size].to(device)
        labels = data.labels[start : start + batch_size].to(device)
        hits += int((model(normalize(images)).argmax(1) == labels).sum())
    model.train(was_training)
    return 100 * hits / len(data)


def _learning_rate(recipe: Recipe, epoch: float) -> float:
    """A linear warm-up, then a cosine to zero, which stops where averaging begins."""
    moving = recipe.epochs - recipe.averaged_epochs
    epoch = min(epoch, max(moving, recipe.warmup_epochs))
    if epoch < recipe.warmup_epochs:
        return recipe.learning_rate * epoch / recipe.warmup_epochs
    rest = (epoch - recipe.warmup_epochs) / (recipe.epochs - recipe.warmup_epochs)
    return recipe.learning_rate * (1 + math.cos(math.pi * rest)) / 2


def augmented_batches(
    train: ImageSet, recipe: Recipe, epoch: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Normalized float32 (batch, 3, 32, 32) and int64 labels: shuffled, cropped and flipped.

    Which images, in which order and how changed depends on the seed and the epoch alone.
    """
    generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
    order = torch.randperm(len(train), generator=generator)
    small = epoch < recipe.small_epochs
    for start in range(0, len(train) - recipe.batch_size + 1, recipe.batch_size):
        index = order[start : start + recipe.batch_size].sort().values  # kinder to a mapped file
        images = normalize(crop_and_flip(train.images[index], generator).to(device))
        if small:
            images = F.interpolate(images, size=recipe.small_size, mode="bilinear", antialias=True)
        images = images.contiguous(memory_format=torch.channels_last)
        yield images, train.labels[index].to(device)


def main(arguments: list[str] | None = None) -> int:
    """The command: ResNet-20 from scratch. Returns the exit status, 2 when it could not start."""
    options = _parser().parse_args(arguments)
    checkpoint = Path("runs") / f"{options.out.stem}.resume.pt"
    try:
        recipe = Recipe(
            epochs=options.epochs,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            weight_decay=options.weight_decay,
            warmup_epochs=options.warmup_epochs,
            small_epochs=options.small_epochs,
            averaged_epochs=options.averaged_epochs,
            seed=options.seed,
        )
        train, test = load_dataset(options.data, "train"), load_dataset(options.data, "test")
        torch.manual_seed(options.seed)
        model = resnet20()
        if options.start is not None:
            model.load_state_dict(load_float(options.start), strict=False)  # the names are checked
        history = fit(model, train, recipe, checkpoint=checkpoint, compile=options.compile)
    except (DataNotFound, BadCheckpoint, RecipeMismatch, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    accuracy = evaluate(model, test)
    weights = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
    record = {
        "dataset": train.name,
        "test_accuracy": round(accuracy, 2),
        "test_images": len(test),
        "command": shlex.join(["python", "-m", "quantlab.training", *(arguments or sys.argv[1:])]),
        "recipe": asdict(recipe),
        "start": _record_of(options.start),
        "torch": torch.__version__,
        "seconds_per_epoch": round(sum(e.seconds for e in history) / max(1, len(history)), 1),
        "history": [e.record() for e in history],
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out, lambda stream: torch.save(weights, stream))
    write_text_atomically(options.out.with_suffix(".json"), json.dumps(record, indent=1) + "\n")
    print(f"{accuracy:.2f} % on the {len(test)} test images of {test.name}: {options.out}")
    return 0


def _record_of(start: Path | None) -> dict[str, Any] | None:
    """How the weights were made that a training went on from, as far as it was written down."""
    if start is None:
        return None
    record = start.with_suffix(".json")
    return json.loads(record.read_text("utf-8")) if record.is_file() else {"file": start.name}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m quantlab.training",
        description="Train ResNet-20 from scratch. Interrupted, the same command goes on.",
    )
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    parser.add_argument("--out", type=Path, required=True, help="where the weights go (.pt)")
    parser.add_argument(
        "--start", type=Path, help="weights to go on from: a warm restart (SGDR, Loshchilov 2017)"
    )
    parser.add_argument("--epochs", type=int, default=70)
    parser.add_argument("--small-epochs", type=int, default=48, help="of these, on 24x24 images")
    parser.add_argument("--averaged-epochs", type=int, default=0, help="the last so many (none)")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=0.15)
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--warmup-epochs", type=float, default=5.0, help="fewer for few epochs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compile", action="store_true", help="fuse with torch.compile")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
