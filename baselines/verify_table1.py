"""Measures the committed models of Table 1 again and holds them against their targets.

The quantization-aware trained ones are the reference submission's, `instructor/checkpoints/<data>`;
the post-training quantized ones lie in `baselines/models/<data>/<method>`. A model has to give what
its record says, to the last image, and on CIFAR-10 what `baselines.targets` asks for.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from baselines import targets
from baselines.table1 import float_network, measure
from quantlab.checkpoint import load
from quantlab.data import load_dataset

KIT = Path(__file__).resolve().parent.parent
HANDOUT_METHODS = ("sym", "SAWB", "heuristic")


@dataclass(frozen=True)
class Verified:
    """One model: what it gives now, what its record says, what it has to give (None: nothing)."""

    path: Path
    accuracy: float
    recorded: float
    must: float | None
    aim: float | None

    @property
    def holds(self) -> bool:
        """Whether it gives what its record says, and enough."""
        same = abs(self.accuracy - self.recorded) < 0.005  # records have two decimals
        return same and (self.must is None or round(self.accuracy, 2) >= round(self.must, 2))


def verify(data: str, kit: Path = KIT) -> Iterator[Verified]:
    """Each committed model of the data set in turn, the float network first."""
    test = load_dataset(data, "test")
    path = kit / "checkpoints" / f"resnet20_{data}.pt"
    start = float_network(path, test)
    real = data == "cifar10"
    must, aim = (targets.FLOAT_MUST, targets.FLOAT_AIM) if real else (None, None)
    yield Verified(path, start.accuracy, _recorded(path, "test_accuracy"), must, aim)
    for path, target in _models(data, kit):
        accuracy = measure(load(path), test)
        least = target.least(start.accuracy) if real and target else None
        best = (target.aim or start.accuracy) if real and target else None
        yield Verified(path, accuracy, _recorded(path, "accuracy"), least, best)


def _models(data: str, kit: Path) -> Iterator[tuple[Path, targets.Target | None]]:
    trained = kit / "instructor" / "checkpoints" / data
    for path in sorted(trained.glob("ResNet20_W?A?.pt")):
        yield path, targets.QAT.get(_cell(path))
    for path in sorted((kit / "baselines" / "models" / data).glob("*/ResNet20_W?A?.pt")):
        handout = path.parent.name in HANDOUT_METHODS
        of_kind: Mapping[str, targets.Target] = (
            targets.HANDOUT_PTQ if handout else targets.RECONSTRUCTED_PTQ
        )
        yield path, of_kind.get(_cell(path))


def _cell(path: Path) -> str:
    return path.stem.removeprefix("ResNet20_")


def _recorded(path: Path, name: str) -> float:
    return float(json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))[name])
