"""The results of a run of the frontier: points in a file, written after each, and their models.

    DIR/<data>/frontier.json            every point with all that decided it, the searches, and how
                                        far layers are from adding up
    DIR/<data>/<method>/<name>.packed   the model of a point, at exactly the size that counts

What is there already under the same key is not made again; a point stands as long as its model
lies there. It can fail with an `OSError` of the folder, and with `BadResults` where `frontier.json`
is of another kind.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from baselines.experiments.table1_results import TEST, BadResults, file_name
from quantlab.atomic_files import write_text_atomically
from quantlab.formats import packed_model
from quantlab.formats.packed_model import PackedModel, kibibytes


@dataclass(frozen=True)
class Point:
    """One model: `accuracy` in percent on all `images` of the `split`, which chose nothing.

    Choices are made by `validation_accuracy`, on training images held out from everything else.
    """

    method: str
    bit_widths: Mapping[str, int]
    seed: int
    dataset: str
    split: str
    images: int
    accuracy: float
    validation_accuracy: float
    float_accuracy: float
    float_model: str
    recipe: Mapping[str, Any]
    seconds: float
    torch: str
    command: str
    history: Sequence[Mapping[str, float]] = ()

    @property
    def kibibytes(self) -> float:
        return kibibytes(self.bit_widths)

    @property
    def key(self) -> str:
        return key(
            "point",
            self.method,
            dict(self.bit_widths),
            self.seed,
            self.split,
            self.float_model,
            dict(self.recipe),
        )

    @property
    def name(self) -> str:
        """Its file's, telling points of one method apart."""
        return f"{self.kibibytes:.2f}KiB_{self.key}"


@dataclass(frozen=True)
class Additive:
    """`baselines.bit_widths.interaction.Additivity` of one run, in nats: summed and measured."""

    points: Sequence[Sequence[float]]
    ratio: float
    rank: float


@dataclass(frozen=True)
class Contents:
    """What the file holds; `searches` and `additivity` by their keys."""

    points: tuple[Point, ...] = ()
    searches: Mapping[str, Sequence[Mapping[str, int]]] = field(default_factory=dict)
    additivity: Mapping[str, Additive] = field(default_factory=dict)


def key(*decides: Any) -> str:
    """A short name for what decides a result."""
    text = json.dumps(decides, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


class Results:
    """What was found for one data set, in the folder `out`. Raises `BadResults`."""

    def __init__(self, out: Path, data: str) -> None:
        self.folder = out / data
        self.contents = read(self.folder / "frontier.json")

    def find(self, wanted: str) -> Point | None:
        for point in self.contents.points:
            if point.key == wanted and self.path(point).is_file():
                return point
        return None

    def path(self, point: Point) -> Path:
        """Where the model of a point lies."""
        split = "" if point.split == TEST else f"_{point.split}"
        method = file_name(point.method.replace(",", ""))
        return self.folder / (method + split) / f"{point.name}.packed"

    def add(self, point: Point, model: PackedModel) -> Path:
        """Writes model and file; the path of the model."""
        path = self.path(point)
        path.parent.mkdir(parents=True, exist_ok=True)
        packed_model.save(model, path)
        others = tuple(old for old in self.contents.points if old.key != point.key)
        self._write(points=(*others, point))
        return path

    def add_search(self, name: str, found: Sequence[Mapping[str, int]]) -> None:
        self._write(searches={**self.contents.searches, name: found})

    def add_additivity(self, name: str, found: Additive) -> None:
        self._write(additivity={**self.contents.additivity, name: found})

    def _write(self, **changed: Any) -> None:
        self.contents = Contents(**{**vars(self.contents), **changed})
        self.folder.mkdir(parents=True, exist_ok=True)
        write(self.contents, self.folder / "frontier.json")


def write(contents: Contents, path: Path) -> None:
    """Replaces the file whole."""
    write_text_atomically(path, json.dumps(asdict(contents), indent=1) + "\n")


def read(path: Path) -> Contents:
    """What `write` wrote; nothing where there is no file. Raises `BadResults`."""
    if not path.is_file():
        return Contents()
    try:
        found = json.loads(path.read_text("utf-8"))
        return Contents(
            points=tuple(Point(**point) for point in found["points"]),
            searches=dict(found["searches"]),
            additivity={name: Additive(**one) for name, one in found["additivity"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadResults(
            f"{path} does not hold the points of a frontier: move it away, or choose another "
            "folder with --out."
        ) from None
