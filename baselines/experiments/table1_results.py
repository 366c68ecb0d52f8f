"""The results of a run of Table 1: rows in a file, written after each, and models beside it.

    DIR/<data>/table1.json             every row with all that decided it
    DIR/<data>/<kind>/<method>/ResNet20_WxAy.pt    the model of a row, in the kit's format
    DIR/<data>/<kind>/<method>/ResNet20_WxAy.json  its row, and the history of its training

A row is known by its `key`, a digest of what decides it; one that is there already is not made
again. Files are replaced whole. It can fail with an `OSError` of the folder, and with `BadResults`
where `table1.json` is of another kind.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from quantlab.atomic_files import write_text_atomically
from quantlab.formats.saved_model import SavedModel, to_file

PTQ, QAT = "ptq", "qat"
TEST, VALIDATION = "test", "validation"


class BadResults(Exception):
    """The results of an earlier run can't be read; the message says where and what to do."""


@dataclass(frozen=True)
class Row:
    """One number of the table.

    `kind` is "ptq" or "qat", `accuracy` in percent of all `images` of the `split`, of which nothing
    was used before; `float_accuracy` is that of the float network on the same images. `recipe` says
    what was done and what it saw, `history` the epochs of a training.
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
        return row_key(
            self.kind, self.cell, self.method, self.split, self.float_model, self.seed, self.recipe
        )


def row_key(
    kind: str,
    cell: str,
    method: str,
    split: str,
    float_model: str,
    seed: int,
    recipe: Mapping[str, Any],
) -> str:
    """A short name for what decides a row."""
    decides = json.dumps(
        [kind, cell, method, split, float_model, seed, dict(recipe)], sort_keys=True
    )
    return hashlib.blake2b(decides.encode(), digest_size=6).hexdigest()


class Results:
    """The rows of one data set in the folder `out`. Raises `BadResults`."""

    def __init__(self, out: Path, data: str) -> None:
        self.folder = out / data
        self._path = self.folder / "table1.json"
        self.rows = self._read()

    def find(self, key: str) -> Row | None:
        return next((row for row in self.rows if row.key == key), None)

    def path(self, row: Row) -> Path:
        """Where the model of a row lies."""
        seed = f"_seed{row.seed}" if row.seed else ""
        seed += "" if row.split == TEST else f"_{row.split}"
        folder = self.folder / row.kind / (file_name(row.method) + seed)
        return folder / f"ResNet20_{row.cell}.pt"

    def add(self, row: Row, saved: SavedModel) -> Path:
        """Writes model, record and table; the path of the model."""
        path = self.path(row)
        path.parent.mkdir(parents=True, exist_ok=True)
        to_file(saved, path)
        _write(path.with_suffix(".json"), {f"{row.split}_accuracy": row.accuracy, **asdict(row)})
        self.rows = (*(old for old in self.rows if self.path(old) != path), row)
        _write(self._path, {"rows": [asdict(one) for one in self.rows]})
        return path

    def _read(self) -> tuple[Row, ...]:
        if not self._path.is_file():
            return ()
        try:
            return tuple(Row(**row) for row in json.loads(self._path.read_text("utf-8"))["rows"])
        except (ValueError, KeyError, TypeError):
            raise BadResults(
                f"{self._path} does not hold the rows of this table: move it away, or choose "
                "another folder with --out."
            ) from None


def file_name(method: str) -> str:
    """The name of a method as that of a folder."""
    return method.replace(" ", "_")


def _write(path: Path, record: Mapping[str, Any]) -> None:
    write_text_atomically(path, json.dumps(record, indent=1) + "\n")
