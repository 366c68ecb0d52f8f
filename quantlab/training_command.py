"""The command `python -m quantlab.training`: ResNet-20 from scratch, with a record of how."""

import argparse
import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from quantlab.data import DATASETS, DataNotFound, load_dataset
from quantlab.files import write_atomically, write_text_atomically
from quantlab.resnet import resnet20
from quantlab.training import Recipe, RecipeMismatch, evaluate, fit


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    resume = Path("runs") / f"{options.out.stem}.resume.pt"
    try:
        recipe = Recipe(
            epochs=options.epochs,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            weight_decay=options.weight_decay,
            warmup_epochs=options.warmup_epochs,
            small_epochs=options.small_epochs,
            seed=options.seed,
        )
        train, test = load_dataset(options.data, "train"), load_dataset(options.data, "test")
        torch.manual_seed(options.seed)
        model = resnet20()
        history = fit(model, train, recipe, checkpoint=resume, compile=options.compile)
    except (DataNotFound, RecipeMismatch, ValueError, OSError) as error:
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
        "torch": torch.__version__,
        "seconds_per_epoch": round(sum(e.seconds for e in history) / max(1, len(history)), 1),
        "history": [{k: round(v, 4) for k, v in asdict(e).items()} for e in history],
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out, lambda stream: torch.save(weights, stream))
    write_text_atomically(options.out.with_suffix(".json"), json.dumps(record, indent=1) + "\n")
    print(f"{accuracy:.2f} % on the {len(test)} test images of {test.name}: {options.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m quantlab.training",
        description="Train ResNet-20 from scratch. Interrupted, the same command goes on.",
    )
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    parser.add_argument("--out", type=Path, required=True, help="where the weights go (.pt)")
    parser.add_argument("--epochs", type=int, default=70)
    parser.add_argument("--small-epochs", type=int, default=48, help="of these, on 24x24 images")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=0.15)
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--warmup-epochs", type=float, default=5.0, help="fewer for few epochs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compile", action="store_true", help="fuse with torch.compile")
    return parser
