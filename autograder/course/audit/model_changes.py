"""Compute what training changed in a saved model, on the model's own grid.

A change is the model's integer code minus the code of the FP32 weight at the same scale.
(Dequantized codes minus float weights also contain the rounding error. That error is equal in all
models whose training changed little, and would make all careful W8A8 models similar.) Each layer
contributes the same `SAMPLE` weights. `RecordingExecutor` records the changes while a submission is
graded, so that no model is read twice.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.engine.executor import Executor
from autograder.engine.record import Verdict
from quantlab.formats import saved_model
from quantlab.formats.saved_model import LAYERS, WEIGHT, BadSavedModel, SavedModel
from quantlab.intake.submission import MODELS, Submission
from quantlab.protocol.calls import Answer, Failure, Program
from quantlab.protocol.repair import Imported

SAMPLE = 4096  # weights of a layer
UNTRAINED = 0.002  # share of changed codes; below it a model was only rounded

Values = Mapping[str, Any] | Failure
Changes = Mapping[str, np.ndarray | None]  # by file name; None if there is nothing to compare


class ModelChanges:
    """Computes changes against the float model that all students start from."""

    def __init__(self, float_model: Path) -> None:
        """Read the float model. Raise `BadSavedModel` if it is missing."""
        self._float = saved_model.load_float(float_model)
        self._places = _places(self._float)

    @property
    def layers(self) -> dict[str, slice]:
        """Return the place of each layer in the changes."""
        slices, start = {}, 0
        for name in LAYERS:
            slices[name] = slice(start, start + len(self._places[name]))
            start = slices[name].stop
        return slices

    def of(self, name: str, values: Values) -> np.ndarray | None:
        """Return the changes of a saved model, int8 of shape (sampled weights of all layers,).

        Return None if the model can't be read (the student's report says so) or was only rounded.
        `values` are those of the file called `name`.
        """
        if isinstance(values, Failure):
            return None
        try:
            saved = saved_model.parse(values, *saved_model.parse_name(name))
        except BadSavedModel:
            return None
        changes = self._sampled(saved)
        return changes if np.count_nonzero(changes) >= UNTRAINED * changes.size else None

    def _sampled(self, saved: SavedModel) -> np.ndarray:
        """Return codes minus those of the FP32 weights on the same grid."""
        low, high = -(2 ** (saved.weight_bits - 1)), 2 ** (saved.weight_bits - 1) - 1
        parts = []
        for name in LAYERS:
            layer, places = saved.layers[name], self._places[name]
            weights = self._float[f"{name}.{WEIGHT}"].flatten()[places]
            rounded = torch.round(weights / layer.weight_scale).clamp(low, high)
            change = layer.weight_int.flatten()[places].float() - rounded
            parts.append(change.clamp(-127, 127).to(torch.int8))
        return torch.cat(parts).numpy()


def _places(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the indices of the sampled weights of each layer; the same in every run."""
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randperm(state[f"{name}.{WEIGHT}"].numel(), generator=generator)[:SAMPLE]
        for name in LAYERS
    }


class RecordingExecutor:
    """Executes like another executor, and keeps the values of the saved models that it read."""

    def __init__(self, executor: Executor) -> None:
        """Execute with this executor."""
        self._executor = executor
        self._read: dict[bytes, Values] = {}

    @property
    def isolation(self) -> str:
        """Return the isolation stamp."""
        return self._executor.isolation

    def import_source(self, source: str) -> Imported:
        """Import a solution."""
        return self._executor.import_source(source)

    def run(self, source: str, program: Program) -> Answer | Failure:
        """Run a program."""
        return self._executor.run(source, program)

    def read_checkpoint(self, content: bytes) -> Values:
        """Read a saved model, and keep its values."""
        values = self._executor.read_checkpoint(content)
        if not (isinstance(values, Failure) and values.kind == Verdict.GRADER_FAULT):
            self._read[content] = values
        return values

    def changes(self, submission: Submission, model_changes: ModelChanges) -> Changes:
        """Return the changes of the models of `submission` that were read here."""
        return {
            name: model_changes.of(name, self._read[submission.models[name]])
            for name in MODELS
            if submission.models.get(name) in self._read
        }
