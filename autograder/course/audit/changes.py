"""What training changed in a saved model, on the model's own grid.

That is its codes minus the codes that the FP32 weights have at its scale. (Dequantized codes minus
float weights hold the rounding error besides, which is the same for all whose training changed
little, and would make every careful W8A8 model resemble every other.) From each layer the same
`SAMPLE` weights are taken. Whoever reads a model anyway can note its changes by the way
(`NotingPlayer`), so that nobody has to open the file again for them.

It can fail only where the kit's float model is not there (`BadSavedModel`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.engine.executor import Executor
from autograder.engine.record import Verdict
from autograder.intake.submission import MODELS, Submission
from quantlab.formats import saved_model
from quantlab.formats.saved_model import LAYERS, WEIGHT, BadSavedModel, SavedModel
from quantlab.protocol.calls import Answer, Failure, Program

SAMPLE = 4096  # weights of a layer
UNTRAINED = 0.002  # share of codes; a model with fewer changed ones was only rounded

Values = Mapping[str, Any] | Failure
Changes = Mapping[str, np.ndarray | None]  # by file name; None where there are none to compare


class ModelChanges:
    """Changes against the float model that everybody starts from."""

    def __init__(self, float_model: Path) -> None:
        self._float = saved_model.load_float(float_model)
        self._places = _places(self._float)

    @property
    def layers(self) -> dict[str, slice]:
        """Where the sample of each layer stands."""
        found, start = {}, 0
        for name in LAYERS:
            found[name] = slice(start, start + len(self._places[name]))
            start = found[name].stop
        return found

    def of(self, name: str, values: Values) -> np.ndarray | None:
        """int8 (weights of all samples) of the model called `name`, of which `values` were read.

        None where it can't be read, which is said in the student's report, or was only rounded.
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
        """Codes minus those of the FP32 weights on the same grid."""
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
    """The places of the weights that are looked at, of each layer; the same in every run."""
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randperm(state[f"{name}.{WEIGHT}"].numel(), generator=generator)[:SAMPLE]
        for name in LAYERS
    }


class NotingPlayer:
    """A player that keeps, while one submission is marked, what it read of saved models."""

    def __init__(self, executor: Executor) -> None:
        self._player = executor
        self._read: dict[bytes, Values] = {}

    @property
    def isolation(self) -> str:
        return self._player.isolation

    def import_source(self, source: str) -> Failure | None:
        return self._player.import_source(source)

    def run(self, source: str, program: Program) -> Answer | Failure:
        return self._player.run(source, program)

    def read_checkpoint(self, content: bytes) -> Values:
        values = self._player.read_checkpoint(content)
        if not (isinstance(values, Failure) and values.kind == Verdict.GRADER_FAULT):
            self._read[content] = values
        return values

    def changes(self, submission: Submission, model_changes: ModelChanges) -> Changes:
        """Of those models of `submission` that were read here."""
        return {
            name: model_changes.of(name, self._read[submission.models[name]])
            for name in MODELS
            if submission.models.get(name) in self._read
        }
