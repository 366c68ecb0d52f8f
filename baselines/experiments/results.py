"""Results of the experiments: rows in one file per experiment, and their models beside it.

    DIR/<data>/table1.json              every row of Table 1 with all that decided it
    DIR/<data>/<kind>/<method>/ResNet20_WxAy.pt    the model of a row, in the kit's format
    DIR/<data>/<kind>/<method>/ResNet20_WxAy.json  its row, and the history of its training
    DIR/<data>/frontier.json            every point of the frontier, the searches, and additivity
    DIR/<data>/<method>/<name>.packed   the model of a point, at exactly the size that counts
    DIR/<data>/compare.json             every row of the comparison

A result has a `key`, a digest of what decides it. A result with the same key is not computed again.
Files are replaced as a whole. Reading raises `BadResults` for a file with other content.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from baselines.errors import BadResults
from baselines.experiments.measurement import TEST
from quantlab.atomic_files import write_text_atomically
from quantlab.formats import packed_model
from quantlab.formats.packed_model import PackedModel, kibibytes
from quantlab.formats.saved_model import SavedModel, to_file
from quantlab.paths import model_file

PTQ, QAT = "ptq", "qat"
T = TypeVar("T")


def result_key(*parts: Any) -> str:
    """Return a short digest of `parts`, which are JSON values."""
    text = json.dumps(parts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def method_folder(method: str) -> str:
    """Return the name of a method as the name of a folder."""
    return method.replace(" ", "_")


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Replace the file `path` by `record` as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(path, json.dumps(record, indent=1) + "\n")


def _read(path: Path, parse: Callable[[Any], T], expected: str) -> T | None:
    """Return the parsed content of a JSON file, None if there is no file. Raise `BadResults`."""
    if not path.is_file():
        return None
    try:
        return parse(json.loads(path.read_text("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadResults(
            f"Expected {expected} in {path}, but it has other content: move it away, or choose "
            "another folder with --out."
        ) from None


@dataclass(frozen=True)
class Table1Row:
    """One number of Table 1.

    `kind` is "ptq" or "qat". `accuracy` is in percent of all `images` of the `split`, and
    `float_accuracy` is that of the float network on the same images. `recipe` records what was done
    and which data it used, `history` the epochs of a training.
    """

    kind: str
    cell: str
    method: str
    seed: int
    dataset: str
    split: str
    images: int
    accuracy: float
    float_accuracy: float
    float_model: str
    recipe: Mapping[str, Any]
    seconds: float
    torch: str
    command: str
    history: tuple[Mapping[str, float], ...] = ()

    @property
    def drop(self) -> float:
        """Points below the float network."""
        return self.float_accuracy - self.accuracy

    @property
    def key(self) -> str:
        """The digest of what decides this row."""
        return table1_key(
            self.kind, self.cell, self.method, self.split, self.float_model, self.seed, self.recipe
        )


def table1_key(
    kind: str,
    cell: str,
    method: str,
    split: str,
    float_model: str,
    seed: int,
    recipe: Mapping[str, Any],
) -> str:
    """Return the key of a row of Table 1."""
    return result_key(kind, cell, method, split, float_model, seed, dict(recipe))


class Table1Results:
    """The rows of Table 1 for one data set, in the folder `out`."""

    def __init__(self, out: Path, dataset: str) -> None:
        """Read the rows of earlier runs. Raise `BadResults`."""
        self.folder = out / dataset
        self._path = self.folder / "table1.json"
        self.rows: tuple[Table1Row, ...] = (
            _read(
                self._path,
                lambda content: tuple(Table1Row(**row) for row in content["rows"]),
                "the rows of Table 1",
            )
            or ()
        )

    def find(self, key: str) -> Table1Row | None:
        """Return the row with this key, or None."""
        return next((row for row in self.rows if row.key == key), None)

    def path(self, row: Table1Row) -> Path:
        """Return the path of the model of a row."""
        seed = f"_seed{row.seed}" if row.seed else ""
        seed += "" if row.split == TEST else f"_{row.split}"
        folder = self.folder / row.kind / (method_folder(row.method) + seed)
        return folder / model_file(row.cell)

    def add(self, row: Table1Row, saved: SavedModel) -> Path:
        """Write model, record and table, and return the path of the model."""
        path = self.path(row)
        path.parent.mkdir(parents=True, exist_ok=True)
        to_file(saved, path)
        write_record(
            path.with_suffix(".json"), {f"{row.split}_accuracy": row.accuracy, **asdict(row)}
        )
        self.rows = (*(old for old in self.rows if self.path(old) != path), row)
        write_record(self._path, {"rows": [asdict(each) for each in self.rows]})
        return path


@dataclass(frozen=True)
class FrontierPoint:
    """One model of the frontier.

    `accuracy` is in percent of all `images` of the `split`, and chooses nothing. Choices use
    `validation_accuracy`, on training images that nothing else has used.
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
        """The counted size of the model in KiB."""
        return kibibytes(self.bit_widths)

    @property
    def key(self) -> str:
        """The digest of what decides this point."""
        widths, recipe = dict(self.bit_widths), dict(self.recipe)
        return result_key(
            "point", self.method, widths, self.seed, self.split, self.float_model, recipe
        )

    @property
    def name(self) -> str:
        """The name of its file, different for each point of a method."""
        return f"{self.kibibytes:.2f}KiB_{self.key}"


@dataclass(frozen=True)
class AdditivityRecord:
    """`baselines.bit_widths.interaction.Additivity` of one run: (summed, measured), in nats."""

    points: Sequence[Sequence[float]]
    ratio: float
    rank: float


@dataclass(frozen=True)
class FrontierContents:
    """The content of frontier.json; `searches` and `additivity` by their keys."""

    points: tuple[FrontierPoint, ...] = ()
    searches: Mapping[str, Sequence[Mapping[str, int]]] = field(default_factory=dict)
    additivity: Mapping[str, AdditivityRecord] = field(default_factory=dict)


def _frontier_contents(content: Mapping[str, Any]) -> FrontierContents:
    return FrontierContents(
        points=tuple(FrontierPoint(**point) for point in content["points"]),
        searches=dict(content["searches"]),
        additivity={name: AdditivityRecord(**each) for name, each in content["additivity"].items()},
    )


class FrontierResults:
    """The frontier of one data set, in the folder `out`."""

    def __init__(self, out: Path, dataset: str) -> None:
        """Read the points of earlier runs. Raise `BadResults`."""
        self.folder = out / dataset
        self._path = self.folder / "frontier.json"
        self.contents: FrontierContents = (
            _read(self._path, _frontier_contents, "the points of a frontier") or FrontierContents()
        )

    def find(self, key: str) -> FrontierPoint | None:
        """Return the point with this key if its model exists, else None."""
        for point in self.contents.points:
            if point.key == key and self.path(point).is_file():
                return point
        return None

    def path(self, point: FrontierPoint) -> Path:
        """Return the path of the model of a point."""
        split = "" if point.split == TEST else f"_{point.split}"
        method = method_folder(point.method.replace(",", ""))
        return self.folder / (method + split) / f"{point.name}.packed"

    def add(self, point: FrontierPoint, model: PackedModel) -> Path:
        """Write model and file, and return the path of the model."""
        path = self.path(point)
        path.parent.mkdir(parents=True, exist_ok=True)
        packed_model.save(model, path)
        others = tuple(old for old in self.contents.points if old.key != point.key)
        self._write(points=(*others, point))
        return path

    def add_search(self, key: str, bit_widths: Sequence[Mapping[str, int]]) -> None:
        """Write the bit widths that a search returned."""
        self._write(searches={**self.contents.searches, key: bit_widths})

    def add_additivity(self, key: str, additivity: AdditivityRecord) -> None:
        """Write how far layers are from adding up."""
        self._write(additivity={**self.contents.additivity, key: additivity})

    def _write(self, **changes: Any) -> None:
        self.contents = FrontierContents(**{**vars(self.contents), **changes})
        write_record(self._path, asdict(self.contents))


@dataclass(frozen=True)
class ComparisonRow:
    """One number of the comparison.

    `accuracy` and `float_accuracy` are in percent of `images` of the `split`. `seconds` is the time
    of quantizing, `seen` the data that the method used, `integers` whether the measured network
    computes with integers.
    """

    method: str
    cell: str
    accuracy: float
    float_accuracy: float
    seconds: float
    seen: str
    integers: bool
    dataset: str
    split: str
    images: int
    float_model: str

    @property
    def drop(self) -> float:
        """Points below the float network."""
        return self.float_accuracy - self.accuracy

    @property
    def key(self) -> tuple[str, ...]:
        """The values that decide this row."""
        return (self.method, self.cell, self.dataset, self.split, self.float_model)


class ComparisonResults:
    """The rows of the comparison for one data set, in the folder `out`."""

    def __init__(self, out: Path, dataset: str) -> None:
        """Read the rows of earlier runs. Raise `BadResults`."""
        self.folder = out / dataset
        self._path = self.folder / "compare.json"
        rows = _read(
            self._path,
            lambda content: [ComparisonRow(**row) for row in content["rows"]],
            "the rows of a comparison",
        )
        self.rows = {row.key: row for row in rows or ()}

    def add(self, row: ComparisonRow) -> None:
        """Write the file with this row added."""
        self.rows[row.key] = row
        write_record(self._path, {"rows": [asdict(each) for each in self.rows.values()]})
