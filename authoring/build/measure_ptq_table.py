"""Measure the PTQ table that students' tables are compared with.

    python -m authoring build ptq-table --data cifar10

Run it again after a change of the reference, the float model or the parts of quantlab that decide
the numbers; a test fails until then. It takes minutes, which every grader would need otherwise.
"""

import sys

import torch

from autograder.engine import ptq_table
from autograder.exit_status import USAGE
from autograder.paths import REFERENCE
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.paths import float_model


def build_ptq_table(dataset: str) -> int:
    """Measure the reference's PTQ table and write it; return the exit status."""
    reference, path = REFERENCE.read_text(encoding="utf-8"), float_model(dataset)
    try:
        table = ptq_table.measure(
            reference,
            torch.load(path, map_location="cpu", weights_only=True),
            load_dataset(dataset, "train"),
            load_dataset(dataset, "test"),
        )
        out = ptq_table.committed(dataset)
        ptq_table.store(out, ptq_table.digest(dataset, reference, path), table)
    except (DataNotFound, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    print(out)
    return 0
