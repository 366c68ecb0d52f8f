"""Find saved models that come from the same training.

All students start from the same FP32 network, so their differences from it are compared
(`model_changes`). The cosine of two differences, per layer, is 1 for the same training and near 0
for two. Models that were only rounded have no difference and are left out.

A pair is reported if its cosine is at least `SIMILAR` in the median layer, and its distance from 1
is less than a third of the usual distance in the class. Two trainings by one recipe with different
seeds had cosines of 0.22 at W8A8, 0.26 at W4A4 and 0.35 at W2A2. Sampling errs by about 0.02.

Models without recorded changes are read in the sandbox.
"""

from itertools import combinations

import numpy as np

from autograder.course.audit.audit_finding import Audit, AuditFinding, Kind
from autograder.course.audit.model_changes import Changes, ModelChanges
from autograder.engine.executor import Executor
from quantlab.intake.submission import MODELS, Submission
from quantlab.paths import float_model

SIMILAR = 0.8
FARTHER = 3.0  # times nearer to 1 than is usual in the class
FEWEST_PAIRS = 10  # with fewer, there is no usual distance


class ModelAudit:
    """Collects the models of a class, then compares those of each bit width."""

    def __init__(self, dataset: str, executor: Executor) -> None:
        """Read the float model. Raise `BadSavedModel` if it is missing."""
        path = float_model(dataset.lower().replace("-", ""))
        self._executor = executor
        self._model_changes = ModelChanges(path)
        self._changes: dict[str, dict[str, np.ndarray]] = {name: {} for name in MODELS}

    def add(self, submission: Submission, recorded: Changes | None = None) -> None:
        """Add the models of a submission; `recorded` are changes of models read before."""
        changes_of = dict(recorded or {})
        for name in MODELS:
            if name in submission.models and name not in changes_of:
                values = self._executor.read_checkpoint(submission.models[name])
                changes_of[name] = self._model_changes.of(name, values)
        for name, changes in changes_of.items():
            if changes is not None:
                self._changes[name][submission.student] = changes

    def compare(self) -> Audit:
        """Return a finding per pair of submissions, with every bit width that is similar."""
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
        findings = [_finding(pair, matches) for pair, matches in alike.items()]
        findings.sort(key=lambda finding: (-(finding.measure or 0), finding.who))
        return Audit(tuple(findings))

    def _cosines(self, changes: np.ndarray) -> np.ndarray:
        """Return the median over layers of the cosines, float32 of shape (models, models)."""
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


def _finding(pair: tuple[str, str], matches: list[tuple[str, float, float]]) -> AuditFinding:
    first, second = pair
    names = ", ".join(name for name, _, _ in matches)
    return AuditFinding(
        Kind.MODEL,
        f"{first} and {second}: {names} changed in the same direction.",
        "Both start from the kit's float model, and two trainings change it in different "
        "directions. The same recipe with the same seed and the same software can give equal "
        "weights: compare how the two describe their training, and ask.",
        pair,
        round(max(cosine for _, cosine, _ in matches), 4),
        tuple(
            f"{name}: cosine {cosine:.3f}, usual in this class {usual:.3f}"
            for name, cosine, usual in matches
        ),
    )
