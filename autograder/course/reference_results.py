"""Read the accuracies that the reference reaches, to show beside those of a class.

They are in `instructor/checkpoints/<data set>/`. Missing files are left out of the pages and raise
nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.engine.ptq_table import METHODS, committed
from quantlab.paths import CELLS, model_file


@dataclass(frozen=True)
class ReferenceNumbers:
    """Holds accuracies in percent on all test images; `ptq[method][cell]`, `qat[cell]`.

    `kibibytes` and `variable_accuracy` are of the reference's bit widths of question 3.
    """

    ptq: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    qat: Mapping[str, float] = field(default_factory=dict)
    kibibytes: float | None = None
    variable_accuracy: float | None = None


def reference_numbers(dataset: str) -> ReferenceNumbers:
    """Return the numbers for a data set, by either of its names ("cifar10", "CIFAR-10")."""
    table = committed(dataset.lower().replace("-", ""))
    folder = table.parent
    accuracies = _read(table).get("accuracies", {})
    qat = {
        cell: _read(folder / Path(model_file(cell)).with_suffix(".json")).get("test_accuracy")
        for cell in CELLS
    }
    widths = _read(folder / "bit_widths.json")
    return ReferenceNumbers(
        ptq={
            method: {cell: values[0] for cell, values in accuracies[method].items()}
            for method in METHODS
            if method in accuracies
        },
        qat={cell: accuracy for cell, accuracy in qat.items() if accuracy is not None},
        kibibytes=widths.get("kibibytes"),
        variable_accuracy=widths.get("test_accuracy"),
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
