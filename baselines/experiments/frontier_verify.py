"""The committed winners of the frontier: put in their place, measured again, held against targets.

`baselines/models/<data>/frontier/` has the winner without training and the fine-tuned one as packed
models with their records, and all points of the run as bit widths, seed and recipe. A winner has to
give what its record says at the size that its codes take, and on CIFAR-10 to be above the floor
within what `baselines.experiments.targets` asks for. Raises `BadPackedModel` and `OSError`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from baselines.bit_widths.searches import FINE_TUNED
from baselines.experiments import targets
from baselines.experiments.frontier_points import FLOOR, chosen
from baselines.experiments.frontier_results import Contents, Point, Results, write
from baselines.experiments.table1_results import TEST
from baselines.experiments.table1_verify import TOLERANCE
from quantlab.atomic_files import write_atomically, write_text_atomically
from quantlab.data.cifar10 import load_dataset
from quantlab.evaluation.mixed_precision import evaluate_packed
from quantlab.formats import packed_model
from quantlab.paths import KIT

AFTER_TRAINING, TRAINED = "after_training", "fine_tuned"  # names of the two winners' files


@dataclass(frozen=True)
class Verified:
    """A winner: what it takes and gives now, what its record says; `must` and `aim` in KiB."""

    path: Path
    size: packed_model.Size
    accuracy: float
    recorded: float
    recorded_kibibytes: float
    must: float | None
    aim: float | None

    @property
    def kibibytes(self) -> float:
        return self.size.counted / 1024

    @property
    def holds(self) -> bool:
        """Whether it is what its record says, above the floor, and small enough."""
        same = abs(self.accuracy - self.recorded) <= TOLERANCE
        same = same and round(self.kibibytes, 2) == round(self.recorded_kibibytes, 2)
        if self.must is None:
            return same
        return same and self.accuracy > FLOOR and self.kibibytes <= self.must


def verify(data: str, kit: Path = KIT) -> Iterator[Verified]:
    """Each committed winner of the data set in turn."""
    test = load_dataset(data, "test")
    for path in sorted(folder(data, kit).glob("*.packed")):
        model = packed_model.load(path)
        record = json.loads(path.with_suffix(".json").read_text("utf-8"))
        target = targets.FRONTIER.get(path.stem) if data == "cifar10" else None
        yield Verified(
            path,
            packed_model.size(model),
            evaluate_packed(model, test),
            float(record["test_accuracy"]),
            float(record["kibibytes"]),
            target.must if target else None,
            target.aim if target else None,
        )


def keep(points: Sequence[Point], results: Results, kit: Path = KIT) -> Iterator[Path]:
    """Copies the winners of both kinds that were measured on test images, and writes all points."""
    place = folder(results.folder.name, kit)
    place.mkdir(parents=True, exist_ok=True)
    measured = [point for point in points if point.split == TEST]
    for name in (AFTER_TRAINING, TRAINED):
        trained = name == TRAINED
        winner = chosen(one for one in measured if (one.method == FINE_TUNED) == trained)
        if winner is None:
            continue
        path = place / f"{name}.packed"
        write_atomically(path, partial(_copy, results.path(winner)))
        size = asdict(packed_model.size(packed_model.load(path)))
        record = {
            "test_accuracy": winner.accuracy,
            "kibibytes": round(winner.kibibytes, 2),
            "bytes": {part: round(number) for part, number in size.items()},
            **asdict(winner),
        }
        write_text_atomically(path.with_suffix(".json"), json.dumps(record, indent=1) + "\n")
        yield path
    if measured:
        without = Contents(tuple(measured), {}, results.contents.additivity)
        write(without, place / "frontier.json")
        yield place / "frontier.json"


def folder(data: str, kit: Path = KIT) -> Path:
    """Where what is committed lies."""
    return kit / "baselines" / "models" / data / "frontier"


def _copy(path: Path, stream: BinaryIO) -> None:
    stream.write(path.read_bytes())
