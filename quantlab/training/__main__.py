"""The command that trains ResNet-20.

    python -m quantlab.training --data cifar10 --out checkpoints/resnet20_cifar10.pt

trains from scratch and writes the weights with a JSON record of the training. After an interrupt
(Ctrl-C or SIGTERM) the same command continues at the next step.
"""

import argparse
import json
import shlex
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from quantlab.atomic_files import write_atomically, write_text_atomically
from quantlab.data.cifar10 import load_dataset
from quantlab.data.split import held_out_split
from quantlab.errors import BadSavedModel, DataNotFound, RecipeMismatch, Stopped
from quantlab.evaluation.float_network import evaluate
from quantlab.formats.saved_model import load_float
from quantlab.network.resnet import resnet20
from quantlab.paths import DATASETS
from quantlab.training.precision import FORMATS
from quantlab.training.recipe import Recipe
from quantlab.training.stop_signals import stop_on_signals
from quantlab.training.trainer import Epoch, best_score, fit

INTERRUPTED = 130  # exit status
RECENT = 5  # epochs that the remaining time is estimated from


def main(arguments: list[str] | None = None) -> int:
    """Train ResNet-20 from scratch; return the exit status.

    It is 2 if the training could not start and 130 if it was interrupted.
    """
    options = _parser().parse_args(arguments)
    checkpoint = options.state or Path("runs") / f"{options.out.stem}.resume.pt"
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        names = set(Recipe.__dataclass_fields__) & set(vars(options))
        recipe = Recipe(**{name: getattr(options, name) for name in names})
        train, held_out = load_dataset(options.data, "train"), None
        if options.held_out:
            train, held_out = held_out_split(train)
        torch.manual_seed(options.seed)
        model = resnet20()
        if options.start is not None:
            model.load_state_dict(load_float(options.start), strict=False)  # the names are checked
        with stop_on_signals() as stop:
            history = fit(
                model,
                train,
                recipe,
                validation=held_out,
                checkpoint=checkpoint,
                compile=options.compile,
                progress=sys.stderr.isatty(),
                precision=options.precision,
                stop=stop,
                report=partial(_report, recipe.epochs),
            )
        measured = held_out or load_dataset(options.data, "test")
    except Stopped as stopped:
        print(f"{stopped} Run the same command again to continue.", file=sys.stderr)
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except (DataNotFound, BadSavedModel, RecipeMismatch, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    accuracy = evaluate(model, measured)
    images = "held_out" if options.held_out else "test"
    weights = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
    record = {
        "dataset": train.name,
        f"{images}_accuracy": round(accuracy, 2),
        f"{images}_images": len(measured),
        "training_images": len(train),
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
    kind = images.replace("_", "-")
    print(f"{accuracy:.2f} % on the {len(measured)} {kind} images of {train.name}: {options.out}")
    return 0


def _report(epochs: int, history: list[Epoch]) -> None:
    """Print the last epoch and an estimate of the time that the rest takes."""
    last = history[-1]
    rest = (epochs - last.epoch) * median(epoch.seconds for epoch in history[-RECENT:])
    score = last.validation_accuracy
    held_out = "" if score is None else f", held out {score:.2f} % (best {best_score(history):.2f})"
    print(
        f"epoch {last.epoch}/{epochs}: loss {last.loss:.4f}, training {last.train_accuracy:.2f} %"
        f"{held_out}, {last.seconds:.0f} s in {last.precision}, {rest / 3600:.1f} h left",
        flush=True,
    )


def _record_of(start: Path | None) -> dict[str, Any] | None:
    """Return the record of the weights that a training starts from, or the name of the file."""
    if start is None:
        return None
    record = start.with_suffix(".json")
    return json.loads(record.read_text("utf-8")) if record.is_file() else {"file": start.name}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m quantlab.training",
        description="Train ResNet-20 from scratch. Interrupted? Run the same command again.",
    )
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    parser.add_argument("--out", type=Path, required=True, help="write the weights here (.pt)")
    parser.add_argument(
        "--start", type=Path, help="start from these weights: a warm restart (Loshchilov 2017)"
    )
    parser.add_argument("--epochs", type=int, default=70)
    parser.add_argument("--small-epochs", type=int, default=48, help="first epochs on 24x24 images")
    parser.add_argument("--averaged-epochs", type=int, default=0, help="average the last epochs")
    parser.add_argument("--average-decay", type=float, default=0.0, help="of an EMA, by step")
    parser.add_argument("--label-smoothing", type=float, default=0.0)
    parser.add_argument("--mixup", type=float, default=0.0, help="alpha of the Beta distribution")
    parser.add_argument("--unmixed-epochs", type=int, default=0, help="last epochs without mixup")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=0.15)
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--warmup-epochs", type=float, default=5.0, help="use less for few epochs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="train on 9 of 10 training images, choose the epoch on the rest, read no test image",
    )
    parser.add_argument("--state", type=Path, help="resume from this file (default: in runs/)")
    parser.add_argument("--precision", choices=tuple(FORMATS), help="default: the fastest")
    parser.add_argument("--threads", type=int, default=0, help="threads of torch")
    parser.add_argument("--compile", action="store_true", help="fuse with torch.compile")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
