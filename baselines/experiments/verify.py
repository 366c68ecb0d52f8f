"""Committed models: copied to their place, measured again, compared with records and targets.

    instructor/checkpoints/<data>/        trained models of Table 1, the reference submission's
    baselines/models/<data>/<method>/     models of Table 1 quantized after training
    baselines/models/<data>/frontier/     the two winners of the frontier, and all points

A model must have the accuracy of its record and, on CIFAR-10, meet
`baselines.experiments.acceptance_targets`. The literature is measured against targets only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from baselines.bit_widths.search_methods import FINE_TUNED
from baselines.experiments import acceptance_targets
from baselines.experiments.acceptance_targets import LITERATURE, SECONDS, AccuracyTarget
from baselines.experiments.comparison import Setting, measure
from baselines.experiments.frontier import FLOOR, choose_smallest
from baselines.experiments.measurement import TEST, measure_float, measure_saved
from baselines.experiments.quantization_time import measure_seconds
from baselines.experiments.results import (
    PTQ,
    QAT,
    FrontierContents,
    FrontierPoint,
    FrontierResults,
    Table1Results,
    Table1Row,
    method_folder,
    write_record,
)
from quantlab.atomic_files import write_atomically
from quantlab.data.cifar10 import load_dataset
from quantlab.evaluation.mixed_precision import evaluate_packed
from quantlab.formats import packed_model
from quantlab.formats.saved_model import load
from quantlab.paths import KIT, float_model

TOLERANCE = 0.1  # points: another processor sums conv1 in another order, which moves a few images
HANDOUT = ("sym", "SAWB", "heuristic")  # prefixes of methods without any training
COMMITTED = {QAT: ("LSQ",), PTQ: ("heuristic + batch normalization", "AdaQuant")}
AFTER_TRAINING, TRAINED = "after_training", "fine_tuned"  # file names of the two winners


@dataclass(frozen=True)
class VerifiedModel:
    """A model of Table 1: its accuracy now, that of its record, and its targets (None: none)."""

    path: Path
    accuracy: float
    recorded: float
    must: float | None
    aim: float | None

    @property
    def holds(self) -> bool:
        """Whether the accuracy agrees with the record and meets the target."""
        same = abs(self.accuracy - self.recorded) <= TOLERANCE
        return same and (self.must is None or round(self.accuracy, 2) >= round(self.must, 2))


@dataclass(frozen=True)
class VerifiedWinner:
    """A winner of the frontier: its size and accuracy now and in its record; targets in KiB."""

    path: Path
    size: packed_model.Size
    accuracy: float
    recorded: float
    recorded_kibibytes: float
    must: float | None
    aim: float | None

    @property
    def kibibytes(self) -> float:
        """The counted size in KiB."""
        return self.size.counted / 1024

    @property
    def holds(self) -> bool:
        """Whether it agrees with its record, is above the floor, and small enough."""
        same = abs(self.accuracy - self.recorded) <= TOLERANCE
        same = same and round(self.kibibytes, 2) == round(self.recorded_kibibytes, 2)
        if self.must is None:
            return same
        return same and self.accuracy > FLOOR and self.kibibytes <= self.must


@dataclass(frozen=True)
class VerifiedSystem:
    """A measurement of the literature: percent at `bits`, or seconds where `bits` is empty."""

    name: str
    bits: str
    measured: float
    must: float | None
    aim: float | None
    holds: bool


def verify_table1(dataset: str, kit: Path = KIT) -> Iterator[VerifiedModel]:
    """Yield each committed model of the data set, the float network first."""
    test = load_dataset(dataset, "test")
    path = float_model(dataset, kit)
    start = measure_float(path, test)
    real = dataset == "cifar10"
    must = acceptance_targets.FLOAT_MUST if real else None
    aim = acceptance_targets.FLOAT_AIM if real else None
    yield VerifiedModel(path, start.accuracy, _recorded_accuracy(path), must, aim)
    for path, target in _table1_models(dataset, kit):
        accuracy = measure_saved(load(path), test)
        least = target.least(start.accuracy) if real and target else None
        best = (target.aim or start.accuracy) if real and target else None
        yield VerifiedModel(path, accuracy, _recorded_accuracy(path), least, best)


def verify_frontier(dataset: str, kit: Path = KIT) -> Iterator[VerifiedWinner]:
    """Yield each committed winner of the data set. Raise `BadPackedModel`."""
    test = load_dataset(dataset, "test")
    for path in sorted(frontier_folder(dataset, kit).glob("*.packed")):
        model = packed_model.load(path)
        record = _record(path)
        target = acceptance_targets.FRONTIER.get(path.stem) if dataset == "cifar10" else None
        yield VerifiedWinner(
            path,
            packed_model.size(model),
            evaluate_packed(model, test),
            float(record["test_accuracy"]),
            float(record["kibibytes"]),
            target.must if target else None,
            target.aim if target else None,
        )


def verify_literature(setting: Setting, real: bool) -> Iterator[VerifiedSystem]:
    """Yield each measurement of the literature; accuracies have targets if the data is `real`."""
    for target in LITERATURE:
        row, _ = measure(target.method, target.cell, setting)
        must, aim = target.bounds(row.float_accuracy)
        yield VerifiedSystem(
            target.method,
            target.cell,
            row.accuracy,
            must if real else None,
            aim if real else None,
            not real or row.accuracy >= round(must, 2),
        )
    for name, seconds in measure_seconds(setting.start.network).items():
        limit, aim = SECONDS[name]
        yield VerifiedSystem(name, "", seconds, limit, aim, seconds <= limit)


def keep_table1(
    rows: Sequence[Table1Row], results: Table1Results, kit: Path = KIT
) -> Iterator[Path]:
    """Copy the `COMMITTED` models that were measured on test images; yield each path."""
    for row in rows:
        if row.method not in COMMITTED[row.kind] or row.split != TEST or row.seed:
            continue
        source = results.path(row)
        dataset = results.folder.name
        folder = kit / "instructor" / "checkpoints" / dataset
        if row.kind == PTQ:
            folder = kit / "baselines" / "models" / dataset / method_folder(row.method)
        folder.mkdir(parents=True, exist_ok=True)
        for path in (source, source.with_suffix(".json")):
            _copy(path, folder / path.name)
        yield folder / source.name


def keep_frontier(
    points: Sequence[FrontierPoint], results: FrontierResults, kit: Path = KIT
) -> Iterator[Path]:
    """Copy the two winners measured on test images and write all points; yield each path."""
    folder = frontier_folder(results.folder.name, kit)
    folder.mkdir(parents=True, exist_ok=True)
    measured = [point for point in points if point.split == TEST]
    for name in (AFTER_TRAINING, TRAINED):
        trained = name == TRAINED
        winner = choose_smallest(p for p in measured if (p.method == FINE_TUNED) == trained)
        if winner is None:
            continue
        path = folder / f"{name}.packed"
        _copy(results.path(winner), path)
        size = asdict(packed_model.size(packed_model.load(path)))
        record = {
            "test_accuracy": winner.accuracy,
            "kibibytes": round(winner.kibibytes, 2),
            "bytes": {part: round(number) for part, number in size.items()},
            **asdict(winner),
        }
        write_record(path.with_suffix(".json"), record)
        yield path
    if measured:
        contents = FrontierContents(tuple(measured), {}, results.contents.additivity)
        write_record(folder / "frontier.json", asdict(contents))
        yield folder / "frontier.json"


def frontier_folder(dataset: str, kit: Path = KIT) -> Path:
    """Return the folder of the committed winners."""
    return kit / "baselines" / "models" / dataset / "frontier"


def _copy(source: Path, target: Path) -> None:
    write_atomically(target, partial(_write_content, source))


def _write_content(source: Path, stream: BinaryIO) -> None:
    stream.write(source.read_bytes())


def _table1_models(dataset: str, kit: Path) -> Iterator[tuple[Path, AccuracyTarget | None]]:
    trained = kit / "instructor" / "checkpoints" / dataset
    for path in sorted(trained.glob("ResNet20_W?A?.pt")):
        yield path, acceptance_targets.QAT.get(_cell(path))
    for path in sorted((kit / "baselines" / "models" / dataset).glob("*/ResNet20_W?A?.pt")):
        handout = path.parent.name.startswith(HANDOUT)
        targets: Mapping[str, AccuracyTarget] = (
            acceptance_targets.HANDOUT_PTQ if handout else acceptance_targets.RECONSTRUCTED_PTQ
        )
        yield path, targets.get(_cell(path))


def _cell(path: Path) -> str:
    return path.stem.removeprefix("ResNet20_")


def _record(path: Path) -> Mapping[str, Any]:
    return json.loads(path.with_suffix(".json").read_text("utf-8"))


def _recorded_accuracy(path: Path) -> float:
    return float(_record(path)["test_accuracy"])
