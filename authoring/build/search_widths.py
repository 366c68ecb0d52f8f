"""Search the bit widths of the reference submission for question 3.

    python -m authoring build bit-widths --data cifar10

runs the reference's `variable_precision_search` on the float model, measured on *training* images,
so that the test images choose nothing. The floor is a margin above the required 85 %, because the
network's accuracy is higher on training images (98 % against 92 %). Writes `bit_widths.json`, with
the settings of the search, beside the reference's models.
"""

import json
import sys

import torch
from tqdm import tqdm

from autograder.checks.q3 import FLOOR
from autograder.engine.oracle import Oracle
from autograder.exit_status import USAGE
from autograder.paths import reference_models
from quantlab.atomic_files import write_text_atomically
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.evaluation.mixed_precision import evaluate_bit_widths
from quantlab.formats.packed_model import kibibytes
from quantlab.network.resnet import layer_sizes
from quantlab.paths import float_model

IMAGES = 500
MARGIN = 8.0  # percentage points


def build_bit_widths(dataset: str, images: int = IMAGES) -> int:
    """Search the reference's bit widths on `images` training images; return the exit status."""
    oracle = Oracle().module
    try:
        train, test = (load_dataset(dataset, split) for split in ("train", "test"))
        path = float_model(dataset)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (DataNotFound, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    searched = train.subset(torch.arange(images))
    with tqdm(desc="evaluations") as bar:

        def evaluate(widths: dict[str, int]) -> float:
            bar.update()
            return evaluate_bit_widths(state, widths, searched, oracle)

        best = oracle.variable_precision_search(
            layer_sizes(), evaluate, accuracy_floor=FLOOR + MARGIN
        )
        evaluations = bar.n
    record = {
        "dataset": train.name,
        "bit_widths": best,
        "kibibytes": round(kibibytes(best), 2),
        "test_accuracy": round(evaluate_bit_widths(state, best, test, oracle), 2),
        "search": {
            "training_images": images,
            "accuracy_floor": FLOOR + MARGIN,
            "evaluations": evaluations,
        },
        "float_model": path.name,
    }
    out = reference_models(dataset) / "bit_widths.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(out, json.dumps(record, indent=1) + "\n")
    print(f"{record['test_accuracy']} % at {record['kibibytes']} KiB: {out}")
    return 0
