"""Train the corpus's implausibly good models: on the images that they are measured on.

    python -m authoring build overfitted-model --data cifar10

continues from the kit's float model on the test images, quantizes the result at W8A8 and writes it
beside the mutant that submits it, with a JSON record of the recipe. It shows that the grader flags
such a model; nothing else may use it.
"""

import json
from dataclasses import asdict
from pathlib import Path

from instructor import solution
from quantlab.atomic_files import write_text_atomically
from quantlab.data.cifar10 import load_dataset
from quantlab.evaluation.integer_network import evaluate_saved
from quantlab.formats.saved_model import load_float, saved_model, to_file
from quantlab.network.calibration import calibration_images
from quantlab.network.quantization import quantize_model
from quantlab.network.resnet import resnet20
from quantlab.paths import KIT, float_model
from quantlab.training.recipe import Recipe
from quantlab.training.trainer import fit

OUT = KIT / "instructor" / "corpus" / "mutants" / "models"
NAME = "trained_on_the_test_images"


def build_overfitted_model(dataset: str, epochs: int = 30) -> int:
    """Train on the test images and write the model; return the exit status."""
    recipe = Recipe(epochs=epochs, learning_rate=0.05, weight_decay=0.0, warmup_epochs=1.0)
    test = load_dataset(dataset, "test")
    model = resnet20()
    state = load_float(float_model(dataset))
    model.load_state_dict(state, strict=False)  # the counters of batch norm are absent
    fit(model, test, recipe, checkpoint=Path("runs") / f"{NAME}_{dataset}.resume.pt")
    images = calibration_images(load_dataset(dataset, "train"))
    saved = saved_model(quantize_model(model, solution, 8, 8, "sym", images), test.name, "sym")
    accuracy = evaluate_saved(saved, test)
    path = OUT / f"{NAME}_{dataset}.pt"
    to_file(saved, path)
    record = {
        "dataset": test.name,
        "made_by": f"python -m authoring build overfitted-model --data {dataset}",
        "trained_on": "the test images",
        "test_accuracy": round(accuracy, 2),
        "recipe": asdict(recipe),
    }
    write_text_atomically(path.with_suffix(".json"), json.dumps(record, indent=1) + "\n")
    print(f"{accuracy:.2f} % on the images that it was trained on: {path}")
    return 0
