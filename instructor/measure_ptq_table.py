"""Measures the PTQ table that students' tables are compared with, and commits it.

    python -m instructor.measure_ptq_table --data cifar10

Needed again whenever the reference, the float model or what of quantlab decides the numbers was
changed; a test says when. It takes some minutes; without it every grader would take them.
"""

import argparse
import sys
from collections.abc import Iterable

import torch

from autograder import ptq_table
from autograder.measuring import FLOAT_MODELS
from autograder.oracle import REFERENCE
from quantlab.data import DATASETS, DataNotFound, load_dataset


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m instructor.measure_ptq_table",
        description="Measure the reference's PTQ table and write it beside its models.",
    )
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    options = parser.parse_args(list(arguments) if arguments is not None else None)
    reference, path = REFERENCE.read_text(encoding="utf-8"), FLOAT_MODELS[options.data]
    try:
        table = ptq_table.measure(
            reference,
            torch.load(path, map_location="cpu", weights_only=True),
            load_dataset(options.data, "train"),
            load_dataset(options.data, "test"),
        )
        out = ptq_table.committed(options.data)
        ptq_table.store(out, ptq_table.digest(options.data, reference, path), table)
    except (DataNotFound, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    print(out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
