"""The five quantized models of the reference submission, by a short quantization-aware training.

    python -m instructor.train_quantized --data cifar10

starts from `checkpoints/resnet20_<data>.pt`, trains a network with learned steps (`instructor.lsq`)
per pair of bit widths to give what the float network gives (distillation, Hinton et al. 2015, at
temperature 1, plus cross entropy), and writes `instructor/checkpoints/<data>/ResNet20_W4A4.pt` and
so on, each with a JSON record of how it was made and of what the kit's own evaluation measures on
all test images. Interrupted, the same command goes on after the last whole epoch.

It can fail, with one sentence and exit status 2, when there is no float model to start from, when
the data are missing, or when a training to be continued was another one.
"""

import argparse
import hashlib
import json
import shlex
import sys
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from instructor.lsq import (
    STATISTICS_BATCHES,
    learned_step_network,
    parameter_groups,
    restore_statistics,
    saved_model,
)
from quantlab.calibration import CalibrationError, calibration_images
from quantlab.checkpoint import BadCheckpoint, SavedModel, load_float, to_file
from quantlab.data import DATASETS, DataNotFound, load_dataset
from quantlab.files import write_text_atomically
from quantlab.images import ImageSet
from quantlab.inference import Progress, evaluate_saved
from quantlab.resnet import resnet20
from quantlab.training import Epoch, Loss, Recipe, RecipeMismatch, augmented_batches, evaluate, fit

KIT = Path(__file__).resolve().parent.parent
EPOCHS = {  # the fewest that leave a margin above full marks, see the records
    "cifar10": {"W8A8": 1, "W4A4": 1, "W8A2": 2, "W2A8": 2, "W2A2": 3},
    "shapes10": {"W8A8": 1, "W4A4": 1, "W8A2": 2, "W2A8": 2, "W2A2": 6},
}
# The coarser the grid, the further the weights have to go; at 8 bits the network is where it should
# be already, and a large rate only undoes the end of its training.
LEARNING_RATES = {"W8A8": 0.001, "W4A4": 0.02, "W8A2": 0.02, "W2A8": 0.02, "W2A2": 0.02}
WARMUP_EPOCHS = 0.2
WIDTHS = {"W8A8": (8, 8), "W4A4": (4, 4), "W8A2": (8, 2), "W2A8": (2, 8), "W2A2": (2, 2)}


@dataclass(frozen=True)
class FloatModel:
    """What every cell starts from: the network, its accuracy in percent, a name for its weights."""

    network: nn.Module
    accuracy: float
    digest: str


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    command = shlex.join(["python", "-m", "instructor.train_quantized", *arguments])
    try:
        train, test = load_dataset(options.data, "train"), load_dataset(options.data, "test")
        start = _float_model(KIT / "checkpoints" / f"resnet20_{options.data}.pt", test)
        print(f"float: {start.accuracy:.2f} % on the {len(test)} test images of {test.name}")
        for cell in options.cells:
            epochs = EPOCHS[options.data][cell] if options.epochs is None else options.epochs
            recipe = Recipe(
                epochs=epochs,
                learning_rate=options.learning_rate or LEARNING_RATES[cell],
                weight_decay=options.weight_decay,
                warmup_epochs=WARMUP_EPOCHS,
                seed=options.seed,
            )
            print(f"{cell}: {epochs} epochs")
            checkpoint = KIT / "runs" / f"{options.data}_{cell}_{start.digest}.resume.pt"
            saved, history = _train(
                cell, start, train, recipe, checkpoint=checkpoint, compile=options.compile
            )
            with tqdm(total=len(test), desc="evaluating") as bar:
                accuracy = evaluate_saved(saved, test, progress=_shown_by(bar))
            record = {
                "dataset": train.name,
                "weight_bits": saved.weight_bits,
                "act_bits": saved.act_bits,
                "test_accuracy": round(accuracy, 2),
                "float_accuracy": round(start.accuracy, 2),
                "test_images": len(test),
                "float_model": f"resnet20_{options.data}.pt, BLAKE2b of its tensors {start.digest}",
                "command": command,
                "recipe": asdict(recipe),
                "torch": torch.__version__,
                "history": [{k: round(v, 4) for k, v in asdict(e).items()} for e in history],
            }
            out = options.out / options.data / f"ResNet20_{cell}.pt"
            out.parent.mkdir(parents=True, exist_ok=True)
            to_file(saved, out)
            write_text_atomically(out.with_suffix(".json"), json.dumps(record, indent=1) + "\n")
            print(f"{cell}: {accuracy:.2f} % ({accuracy - start.accuracy:+.2f}): {out}")
    except (
        DataNotFound,
        BadCheckpoint,
        CalibrationError,
        RecipeMismatch,
        ValueError,
        OSError,
    ) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; the same command goes on after the last whole epoch.", file=sys.stderr)
        return 130
    return 0


def _shown_by(bar: tqdm) -> Progress:
    return lambda done, total: bar.update(done - bar.n)


def _train(
    cell: str,
    start: FloatModel,
    train: ImageSet,
    recipe: Recipe,
    *,
    checkpoint: Path,
    compile: bool,
) -> tuple[SavedModel, list[Epoch]]:
    weight_bits, act_bits = WIDTHS[cell]
    model = learned_step_network(start.network, weight_bits, act_bits, calibration_images(train))
    history = fit(
        model,
        train,
        recipe,
        loss=distillation(start.network),
        groups=parameter_groups(model),
        checkpoint=checkpoint,
        device="cpu",
        compile=compile,
    )
    batches = augmented_batches(train, recipe, recipe.epochs, torch.device("cpu"))
    restore_statistics(model, islice(batches, STATISTICS_BATCHES))
    return saved_model(model, train.name, weight_bits, act_bits), history


def distillation(teacher: nn.Module) -> Loss:
    """KL divergence from the teacher's class probabilities, plus cross entropy, both once."""

    def loss(images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        with torch.no_grad(), torch.autocast(images.device.type, torch.bfloat16):
            target = teacher(images).float().softmax(1)
        divergence = F.kl_div(logits.log_softmax(1), target, reduction="batchmean")
        return divergence + F.cross_entropy(logits, labels)

    return loss


def _float_model(path: Path, test: ImageSet) -> FloatModel:
    state = load_float(path)
    network = resnet20()
    network.load_state_dict(state, strict=False)  # load_float has checked the names
    network = network.to(memory_format=torch.channels_last).eval()
    digest = hashlib.blake2b(digest_size=4)
    for name, tensor in sorted(state.items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    return FloatModel(network, evaluate(network, test, device="cpu"), digest.hexdigest())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m instructor.train_quantized",
        description="Train the quantized models of the reference submission, from the float model "
        "checkpoints/resnet20_<data>.pt. Interrupted, the same command goes on.",
    )
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    parser.add_argument(
        "--cells",
        nargs="+",
        choices=list(WIDTHS),
        default=list(WIDTHS),
        metavar="WxAy",
        help=f"which of {', '.join(WIDTHS)} (all)",
    )
    parser.add_argument("--epochs", type=int, help="of each cell (as the table EPOCHS says)")
    parser.add_argument("--learning-rate", type=float, help="(as LEARNING_RATES says)")
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compile", action="store_true", help="fuse with torch.compile")
    parser.add_argument(
        "--out",
        type=Path,
        default=KIT / "instructor" / "checkpoints",
        help="folder that gets <data>/ResNet20_WxAy.pt and .json",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
