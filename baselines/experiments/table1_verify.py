"""The committed models of Table 1: put in their places, measured again, held against targets.

The quantization-aware trained ones are the reference submission's, `instructor/checkpoints/<data>`;
the post-training quantized ones lie in `baselines/models/<data>/<method>`. A model has to give what
its record says, and on CIFAR-10 what `baselines.experiments.targets` asks for.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from baselines.experiments import targets
from baselines.experiments.table1 import float_network, measure
from baselines.experiments.table1_results import PTQ, QAT, TEST, Results, Row, file_name
from quantlab.atomic_files import write_atomically
from quantlab.data.cifar10 import load_dataset
from quantlab.formats.saved_model import load
from quantlab.paths import KIT

TOLERANCE = 0.1  # points: another processor sums conv1 in another order, which moves a few images
HANDOUT = ("sym", "SAWB", "heuristic")  # how the names of methods without any training begin
KEPT = {QAT: ("LSQ",), PTQ: ("heuristic + batch normalization", "AdaQuant")}  # see the records


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
        same = abs(self.accuracy - self.recorded) <= TOLERANCE
        return same and (self.must is None or round(self.accuracy, 2) >= round(self.must, 2))


def verify(data: str, kit: Path = KIT) -> Iterator[Verified]:
    """Each committed model of the data set in turn, the float network first."""
    test = load_dataset(data, "test")
    path = kit / "checkpoints" / f"resnet20_{data}.pt"
    start = float_network(path, test)
    real = data == "cifar10"
    must, aim = (targets.FLOAT_MUST, targets.FLOAT_AIM) if real else (None, None)
    yield Verified(path, start.accuracy, _recorded(path), must, aim)
    for path, target in _models(data, kit):
        accuracy = measure(load(path), test)
        least = target.least(start.accuracy) if real and target else None
        best = (target.aim or start.accuracy) if real and target else None
        yield Verified(path, accuracy, _recorded(path), least, best)


def keep(rows: Sequence[Row], results: Results, kit: Path = KIT) -> Iterator[Path]:
    """Copies the models of `KEPT` that were measured on test images, with their records."""
    for row in rows:
        if row.method not in KEPT[row.kind] or row.split != TEST or row.seed:
            continue
        made = results.path(row)
        data = results.folder.name
        place = kit / "instructor" / "checkpoints" / data
        if row.kind == PTQ:
            place = kit / "baselines" / "models" / data / file_name(row.method)
        place.mkdir(parents=True, exist_ok=True)
        for path in (made, made.with_suffix(".json")):
            write_atomically(place / path.name, partial(_copy, path))
        yield place / made.name


def _copy(path: Path, stream: BinaryIO) -> None:
    stream.write(path.read_bytes())


def _models(data: str, kit: Path) -> Iterator[tuple[Path, targets.Target | None]]:
    trained = kit / "instructor" / "checkpoints" / data
    for path in sorted(trained.glob("ResNet20_W?A?.pt")):
        yield path, targets.QAT.get(_cell(path))
    for path in sorted((kit / "baselines" / "models" / data).glob("*/ResNet20_W?A?.pt")):
        handout = path.parent.name.startswith(HANDOUT)
        of_kind: Mapping[str, targets.Target] = (
            targets.HANDOUT_PTQ if handout else targets.RECONSTRUCTED_PTQ
        )
        yield path, of_kind.get(_cell(path))


def _cell(path: Path) -> str:
    return path.stem.removeprefix("ResNet20_")


def _recorded(path: Path) -> float:
    record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return float(record["test_accuracy"])
