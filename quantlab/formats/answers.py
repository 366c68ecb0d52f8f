"""`answers.json`: the numbers of a student's tables, from the notebook to the grader.

    {"version": 1, "student": "...", "dataset": "CIFAR-10",
     "mse": {"A": {"sym": {"8": 0.001, "4": 0.02, "2": 0.3}, "heuristic": ..., ...}, "B": ...},
     "table1": {"ptq": {"W8A8": {"SAWB": 91.2, "sym": 91.4}, ...}, "qat": ...},
     "bit_widths": {"layer1.0.conv1": 4, ...}}

A cell that is absent or null is not filled in yet: `None`, and no error. Everything else that
differs from the above raises `BadAnswers`: text that is not JSON, another version, an unknown name,
a value of another type, NaN or infinity, more text than a table can need. The checks decide whether
a number is correct or possible, each for its own cell.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from quantlab.errors import BadAnswers
from quantlab.paths import CELLS

VERSION = 1
VECTORS = ("A", "B")
MSE_METHODS = ("sym", "heuristic", "SAWB")
MSE_BITS = (8, 4, 2)
TRAININGS = ("ptq", "qat")
TABLE1_METHODS = ("SAWB", "sym")

LARGEST_TEXT = 2**20  # bytes; filled in completely the file has about 3,000
LONGEST_NAME = 100  # characters of a student, a data set or a layer
MOST_LAYERS = 200  # ResNet-20 has 20
MOST_BITS = 64

Mse = Mapping[str, Mapping[str, Mapping[int, float | None]]]
Table1 = Mapping[str, Mapping[str, Mapping[str, float | None]]]


def _no_mse() -> Mse:
    return {v: {m: dict.fromkeys(MSE_BITS) for m in MSE_METHODS} for v in VECTORS}


def _no_table1() -> Table1:
    return {t: {c: dict.fromkeys(TABLE1_METHODS) for c in CELLS} for t in TRAININGS}


@dataclass(frozen=True)
class Answers:
    """The numbers that a student reports. Every cell of both tables exists, None if not filled in.

    Attributes:
        student: The student's id.
        dataset: The name of the data set.
        mse: `mse[vector][method][bits]` is a mean squared error (question 1b).
        table1: `table1[training][cell][method]` is an accuracy in percent (questions 2c and 2d).
        bit_widths: The bits of each layer's weights (question 3; empty until recorded).
    """

    student: str
    dataset: str
    mse: Mse = field(default_factory=_no_mse)
    table1: Table1 = field(default_factory=_no_table1)
    bit_widths: Mapping[str, int] = field(default_factory=dict)


def to_text(answers: Answers) -> str:
    """Return the text of `answers.json`; `parse` reads it."""
    record = {
        "version": VERSION,
        "student": answers.student,
        "dataset": answers.dataset,
        "mse": answers.mse,  # json writes the bits as strings
        "table1": answers.table1,
        "bit_widths": answers.bit_widths,
    }
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def parse(text: str | bytes) -> Answers:
    """Return the answers in `text` (UTF-8, if bytes).

    Raises:
        BadAnswers: The text differs from the format of the module docstring.
    """
    record = _object(_json(text), "The file", ("version", "student", "dataset"))
    _check_keys(record, ("version", "student", "dataset", "mse", "table1", "bit_widths"), "file")
    if type(record["version"]) is not int or record["version"] != VERSION:
        raise BadAnswers(
            f"answers.json does not have version {VERSION}: write it again with the notebook "
            "of this assignment."
        )
    mse = _filled(record.get("mse"), "mse", (VECTORS, MSE_METHODS, tuple(map(str, MSE_BITS))))
    widths = record.get("bit_widths")
    return Answers(
        student=checked_text(record["student"], "student"),
        dataset=checked_text(record["dataset"], "dataset"),
        mse={
            vector: {
                method: {int(bits): value for bits, value in cells.items()}
                for method, cells in methods.items()
            }
            for vector, methods in mse.items()
        },
        table1=_filled(record.get("table1"), "table1", (TRAININGS, CELLS, TABLE1_METHODS)),
        bit_widths={} if widths is None else checked_bit_widths(_object(widths, "bit_widths")),
    )


def _json(text: str | bytes) -> object:
    if len(text) > LARGEST_TEXT:
        raise BadAnswers(
            f"answers.json is larger than {LARGEST_TEXT // 2**20} MiB: write it again with the "
            "notebook, which needs a few thousand bytes."
        )
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        return json.loads(decoded, parse_constant=_refuse_constant)
    except BadAnswers:
        raise
    except UnicodeDecodeError as error:
        raise BadAnswers(
            "answers.json is not UTF-8 text: write it again with the notebook, not by hand."
        ) from error
    except json.JSONDecodeError as error:
        raise BadAnswers(
            f"answers.json is not JSON (line {error.lineno}: {error.msg}): write it again with the "
            "notebook, not by hand."
        ) from error
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits; 100,000 brackets
        raise BadAnswers(
            "answers.json holds a number or a nesting of absurd size: write it again with the "
            "notebook, not by hand."
        ) from error


def _refuse_constant(constant: str) -> NoReturn:
    raise BadAnswers(
        f"answers.json holds {constant}, which is no result: find out why it was computed, and "
        "write the file again with the notebook."
    )


def _filled(table: object, where: str, levels: tuple[tuple[str, ...], ...]) -> Any:
    """Return `table` with all names of all `levels`, None for missing numbers."""
    if not levels:
        return None if table is None else _number(table, where)
    present = {} if table is None else _object(table, where)
    _check_keys(present, levels[0], where)
    return {name: _filled(present.get(name), f"{where}.{name}", levels[1:]) for name in levels[0]}


def _object(value: object, where: str, required: Iterable[str] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadAnswers(
            f"{_in_file(where)} must be a JSON object, not {kind_of(value)}: write answers.json "
            "again with the notebook, not by hand."
        )
    for name in required:
        if name not in value:
            raise BadAnswers(
                f'answers.json has no "{name}": write it again with the notebook, not by hand.'
            )
    return value


def _check_keys(present: Mapping[str, object], names: tuple[str, ...], where: str) -> None:
    for name in present:
        if name not in names:
            raise BadAnswers(
                f"{_in_file(where)} has an entry {_shown(name)} that is none of "
                f"{', '.join(names)}: write answers.json again with the notebook, not by hand."
            )


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadAnswers(
            f"{_in_file(where)} must be a number, not {kind_of(value)}: write answers.json again "
            "with the notebook, not by hand."
        )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadAnswers(
            f"{_in_file(where)} is too large for a number: find out why it was computed, and write "
            "answers.json again with the notebook."
        )
    return number


def checked_text(value: object, name: str) -> str:
    """Return `value` if it can be a student's id or the name of a data set. Raises `BadAnswers`."""
    if isinstance(value, str) and value.strip() and len(value) <= LONGEST_NAME and _encodes(value):
        return value
    raise BadAnswers(
        f"The {name} of answers.json must be a text of 1 to {LONGEST_NAME} characters, not "
        f"{kind_of(value)}: set it at the top of the notebook and write the file again."
    )


def _encodes(text: str) -> bool:
    """Return whether UTF-8 can encode `text`: JSON can spell half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def checked_bit_widths(widths: Mapping[str, object]) -> dict[str, int]:
    """Return `widths` if they are whole numbers by layer. Raises `BadAnswers`."""
    if len(widths) > MOST_LAYERS:
        raise BadAnswers(
            f"bit_widths names {len(widths)} layers, more than {MOST_LAYERS}: give one bit width "
            "for each layer of the network."
        )
    checked: dict[str, int] = {}
    for layer, bits in widths.items():
        if not isinstance(layer, str) or not layer.isascii() or len(layer) > LONGEST_NAME:
            raise BadAnswers(
                f"bit_widths has an entry {_shown(layer)} that is no layer's name: use the names "
                "of the network's modules, such as layer1.0.conv1."
            )
        if type(bits) is not int or not -MOST_BITS <= bits <= MOST_BITS:
            raise BadAnswers(
                f"bit_widths gives {_shown(layer)} {kind_of(bits)} for its bits: give a whole "
                "number, such as 4."
            )
        checked[layer] = bits
    return checked


def _in_file(where: str) -> str:
    return "answers.json" if where in ("file", "The file") else f'"{where}" in answers.json'


def kind_of(value: object) -> str:
    """Return the kind of a JSON value in a few words."""
    if isinstance(value, str):
        return _shown(value)
    if isinstance(value, (bool, int, float)) and len(str(value)) < 20:
        return json.dumps(value)
    names = {dict: "an object", list: "a list", type(None): "null"}
    return names.get(type(value), f"a value of type {type(value).__name__}")


def _shown(text: object) -> str:
    shown = ascii(text)
    return shown if len(shown) <= 40 else shown[:37] + "..."
