"""The bit widths of the reference submission for question 3, found by the reference's own search.

    python -m instructor.search_widths --data cifar10

lets `variable_precision_search` loose on the float model, measured on images of the *training* set:
the test set chooses nothing. The floor is set a margin above the 85 % asked for, because a network
knows the images it was trained on better than others (98 % of them against 92 %). Writes
`bit_widths.json`, with how it was made, beside the reference's models.
"""

import argparse
import json
import sys

import torch
from tqdm import tqdm

from autograder.checks.q3 import FLOOR
from autograder.measuring import FLOAT_MODELS
from autograder.oracle import Oracle
from instructor.examples import MODELS
from quantlab.data import DATASETS, DataNotFound, load_dataset
from quantlab.files import write_text_atomically
from quantlab.mixed_precision import evaluate_bit_widths
from quantlab.packed import kibibytes
from quantlab.resnet import layer_sizes

IMAGES = 500
MARGIN = 8.0  # percentage points


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m instructor.search_widths",
        description="Search the bit widths of the reference submission for question 3.",
    )
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    parser.add_argument("--images", type=int, default=IMAGES, help="training images to search on")
    options = parser.parse_args()
    oracle = Oracle().module
    try:
        train, test = (load_dataset(options.data, split) for split in ("train", "test"))
        path = FLOAT_MODELS[options.data]
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (DataNotFound, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    searched = train.subset(torch.arange(options.images))
    with tqdm(desc="evaluations") as bar:

        def evaluate(widths: dict[str, int]) -> float:
            bar.update()
            return evaluate_bit_widths(state, widths, searched, oracle)

        found = oracle.variable_precision_search(
            layer_sizes(), evaluate, accuracy_floor=FLOOR + MARGIN
        )
        evaluations = bar.n
    record = {
        "dataset": train.name,
        "bit_widths": found,
        "kibibytes": round(kibibytes(found), 2),
        "test_accuracy": round(evaluate_bit_widths(state, found, test, oracle), 2),
        "search": {
            "training_images": options.images,
            "accuracy_floor": FLOOR + MARGIN,
            "evaluations": evaluations,
        },
        "float_model": path.name,
    }
    out = MODELS / options.data / "bit_widths.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(out, json.dumps(record, indent=1) + "\n")
    print(f"{record['test_accuracy']} % at {record['kibibytes']} KiB: {out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
