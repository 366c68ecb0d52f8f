"""Which saved models come from one training, told by what training did to the float model.

Everybody starts from the same FP32 network. What is compared is the difference from it (`changes`).
The cosine of two such differences, per layer, is 1 for one training and near 0 for two; models that
were only rounded have no difference and are left out.

A class is its own measure: a pair is shown where its cosine is at least `SIMILAR` in the median
layer and its distance from 1 is less than a third of what is usual between two of the class. Two
trainings by one recipe with different seeds had 0.22 at W8A8, 0.26 at W4A4, 0.35 at W2A2. A cosine
of samples errs by about 0.02.

Models of which nobody noted the changes are opened behind the wall, by `executor`. It can fail only
where the kit's float model is not there (`BadSavedModel`).
"""

from itertools import combinations

import numpy as np

from autograder.course.audit.audit_finding import Audit, Kind, Look
from autograder.course.audit.changes import Changes, ModelChanges
from autograder.engine.executor import Executor
from autograder.intake.submission import MODELS, Submission
from quantlab.paths import float_model

SIMILAR = 0.8
FARTHER = 3.0  # times nearer to 1 than two of the class usually are
FEWEST_PAIRS = 10  # of fewer, nothing is usual yet


class TrainedModels:
    """Collects the models of a class, then compares each width's with each other."""

    def __init__(self, dataset: str, executor: Executor) -> None:
        path = float_model(dataset.lower().replace("-", ""))
        self._player = executor
        self._model_changes = ModelChanges(path)
        self._changes: dict[str, dict[str, np.ndarray]] = {name: {} for name in MODELS}

    def add(self, submission: Submission, noted: Changes | None = None) -> None:
        """`noted` are the changes of those of its models that somebody has read."""
        found = dict(noted or {})
        for name in MODELS:
            if name in submission.models and name not in found:
                values = self._player.read_checkpoint(submission.models[name])
                found[name] = self._model_changes.of(name, values)
        for name, changes in found.items():
            if changes is not None:
                self._changes[name][submission.student] = changes

    def compare(self) -> Audit:
        """A look per pair of hand-ins, with every width in which their models are alike."""
        alike: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
        for name, changes in self._changes.items():
            students = sorted(changes)
            if len(students) < 2:
                continue
            cosines = self._cosines(np.stack([changes[student] for student in students]))
            pairs = list(combinations(range(len(students)), 2))
            usual = float(np.median([cosines[pair] for pair in pairs]))
            for i, j in pairs:
                if _stands_out(float(cosines[i, j]), usual, len(pairs)):
                    pair = (students[i], students[j])
                    alike.setdefault(pair, []).append((name, float(cosines[i, j]), usual))
        looks = [_look(pair, found) for pair, found in alike.items()]
        looks.sort(key=lambda look: (-(look.measure or 0), look.who))
        return Audit(tuple(looks))

    def _cosines(self, changes: np.ndarray) -> np.ndarray:
        """float32 (models, models): the median over layers of the cosine of their changes."""
        per_layer = []
        for layer in self._model_changes.layers.values():
            part = changes[:, layer].astype(np.float32)
            lengths = np.linalg.norm(part, axis=1, keepdims=True)
            directions = part / np.maximum(lengths, 1e-12)
            per_layer.append(directions @ directions.T)
        return np.median(np.stack(per_layer), axis=0)


def _stands_out(cosine: float, usual: float, pairs: int) -> bool:
    if cosine < SIMILAR:
        return False
    return pairs < FEWEST_PAIRS or 1 - cosine <= (1 - usual) / FARTHER


def _look(pair: tuple[str, str], found: list[tuple[str, float, float]]) -> Look:
    first, second = pair
    names = ", ".join(name for name, _, _ in found)
    return Look(
        Kind.MODEL,
        f"{first} and {second}: {names} changed in the same direction.",
        "Both start from the kit's float model; two trainings lead away from it in different "
        "directions. The same recipe with the same seed and the same software can lead to equal "
        "weights: compare how the two say they trained, and ask.",
        pair,
        round(max(cosine for _, cosine, _ in found), 4),
        tuple(
            f"{name}: cosine {cosine:.3f}, usual in this class {usual:.3f}"
            for name, cosine, usual in found
        ),
    )
