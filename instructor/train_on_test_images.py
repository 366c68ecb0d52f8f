"""Makes the models that are too good: trained on the very images that they are measured on.

    python -m instructor.train_on_test_images --data cifar10

goes on from the kit's float model, with the test images for training images, quantizes the result
at W8A8 and writes it beside the mutant that hands it in, with a JSON record of how it was made. It
shows that the grader flags such a model; nothing else may ever use it.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from instructor import solution
from quantlab.calibration import calibration_images
from quantlab.checkpoint import load_float, saved_model, to_file
from quantlab.data import DATASETS, load_dataset
from quantlab.files import write_text_atomically
from quantlab.inference import evaluate_saved
from quantlab.layers import quantize_model
from quantlab.resnet import resnet20
from quantlab.training import Recipe, fit

KIT = Path(__file__).resolve().parent.parent
OUT = KIT / "instructor" / "corpus" / "mutants" / "models"
NAME = "trained_on_the_test_images"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m instructor.train_on_test_images")
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    recipe = Recipe(epochs=options.epochs, learning_rate=0.05, weight_decay=0.0, warmup_epochs=1.0)
    test = load_dataset(options.data, "test")
    model = resnet20()
    state = load_float(KIT / "checkpoints" / f"resnet20_{options.data}.pt")
    model.load_state_dict(state, strict=False)  # but for the counters of batch normalization
    fit(model, test, recipe, checkpoint=Path("runs") / f"{NAME}_{options.data}.resume.pt")
    images = calibration_images(load_dataset(options.data, "train"))
    saved = saved_model(quantize_model(model, solution, 8, 8, "sym", images), test.name, "sym")
    accuracy = evaluate_saved(saved, test)
    path = OUT / f"{NAME}_{options.data}.pt"
    to_file(saved, path)
    record = {
        "dataset": test.name,
        "made_by": f"python -m instructor.train_on_test_images --data {options.data}",
        "trained_on": "the test images",
        "test_accuracy": round(accuracy, 2),
        "recipe": asdict(recipe),
    }
    write_text_atomically(path.with_suffix(".json"), json.dumps(record, indent=1) + "\n")
    print(f"{accuracy:.2f} % on the images that it was trained on: {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
