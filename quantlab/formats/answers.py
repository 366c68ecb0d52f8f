"""`answers.json`: the numbers of a student's tables, from the notebook to the grader.

    {"version": 1, "student": "...", "dataset": "CIFAR-10",
     "mse": {"A": {"sym": {"8": 0.001, "4": 0.02, "2": 0.3}, "heuristic": ..., ...}, "B": ...},
     "table1": {"ptq": {"W8A8": {"SAWB": 91.2, "sym": 91.4}, ...}, "qat": ...},
     "bit_widths": {"layer1.0.conv1": 4, ...},
     "guesses": {"ptq_w2a8": {"guess": 60, "measured": 12.3}, ...},
     "leaderboard": "Captain Clip", "fast": true}

`guesses` is optional: what the student expected before a result, for the report. It has no points.
`leaderboard` is optional: the pseudonym under which the class may see a packed model of question 3.
`fast` is there only in a FAST run, a rehearsal on fewer images and steps; the grader ignores it.
A cell that is absent or null is not filled in yet: `None`, and no error. `parse_answers` reads the
file as people write it. The checks decide whether a number is correct or possible, each for its own
cell.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from quantlab.errors import BadAnswers
from quantlab.paths import CELLS

VERSION = 1
VECTORS = ("A", "B")
MSE_METHODS = ("sym", "heuristic", "SAWB")
MSE_BITS = (8, 4, 2)
TRAININGS = ("ptq", "qat")
TABLE1_METHODS = ("SAWB", "sym")

GUESSES = {"best_on_b_at_8_bits": "", "ptq_w2a8": " %", "narrowest_layer": ""}  # and their units
LARGEST_TEXT = 2**20  # bytes; filled in completely the file has about 3,000
LONGEST_NAME = 100  # characters of a student, a data set or a layer
LONGEST_GUESS = 100  # characters
LONGEST_PSEUDONYM = 30  # characters
MOST_LAYERS = 200  # ResNet-20 has 20
MOST_BITS = 64

Mse = Mapping[str, Mapping[str, Mapping[int, float | None]]]
Guesses = Mapping[str, Mapping[str, float | str | None]]
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
        guesses: `guesses[name]` has "guess" and "measured": numbers, texts or None. Not graded.
        unread: Why an entry could not be read, by its place ("table1.ptq.W8A8.sym").
        notes: What was read in another way than it is written.
        fast: Whether a FAST run wrote the file. Not graded.
        leaderboard: The pseudonym on the leaderboard of question 3, "" without one. Not graded.
    """

    student: str
    dataset: str
    mse: Mse = field(default_factory=_no_mse)
    table1: Table1 = field(default_factory=_no_table1)
    bit_widths: Mapping[str, int] = field(default_factory=dict)
    guesses: Guesses = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fast: bool = False
    leaderboard: str = ""

    def problem(self, place: str) -> str | None:
        """Return why the entry at `place`, or a table around it, could not be read; else None."""
        parts = place.split(".")
        places = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        return next((self.unread[outer] for outer in places if outer in self.unread), None)


def to_text(answers: Answers) -> str:
    """Return the text of `answers.json`; `parse_answers.parse` reads it."""
    record: dict[str, object] = {
        "version": VERSION,
        "student": answers.student,
        "dataset": answers.dataset,
        "mse": answers.mse,  # json writes the bits as strings
        "table1": answers.table1,
        "bit_widths": answers.bit_widths,
    }
    if answers.guesses:
        record["guesses"] = answers.guesses
    if answers.leaderboard:
        record["leaderboard"] = answers.leaderboard
    if answers.fast:
        record["fast"] = True
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def checked_text(value: object, name: str) -> str:
    """Return `value` if it can be a student's id or the name of a data set. Raises `BadAnswers`."""
    if isinstance(value, str) and value.strip() and len(value) <= LONGEST_NAME and _encodes(value):
        return value
    raise BadAnswers(
        f"The {name} of answers.json must be a text of 1 to {LONGEST_NAME} characters, not "
        f"{kind_of(value)}: set it at the top of the notebook and write the file again."
    )


def checked_pseudonym(value: object, student: str) -> str:
    """Return `value` without spaces around it if it can be a pseudonym. Raises `BadAnswers`.

    It has 1 to 30 printable characters, a letter or digit among them, and not the student's id.
    """
    text = unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else ""
    length_fits = 1 <= len(text) <= LONGEST_PSEUDONYM
    if not (length_fits and text.isprintable() and any(map(str.isalnum, text)) and _encodes(text)):
        raise BadAnswers(
            f"The leaderboard's pseudonym must be a text of 1 to {LONGEST_PSEUDONYM} printable "
            f"characters with a letter or a digit, not {kind_of(value)}: choose another one."
        )
    own, folded = student.casefold(), text.casefold()
    if own == folded or (len(own) > 2 and own in folded):
        raise BadAnswers(
            "The leaderboard's pseudonym contains your id, and the class may see it: choose "
            "another one."
        )
    return text


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
        if problem := layer_problem(layer) or width_problem(layer, bits):
            raise BadAnswers(problem)
        assert isinstance(bits, int)
        checked[layer] = bits
    return checked


def layer_problem(layer: object) -> str | None:
    """Return why this cannot be a layer's name, or None."""
    if isinstance(layer, str) and layer.isascii() and len(layer) <= LONGEST_NAME:
        return None
    return (
        f"bit_widths has an entry {shown(layer)} that does not name a layer: use the names of the "
        "network's modules, such as layer1.0.conv1."
    )


def width_problem(layer: str, bits: object) -> str | None:
    """Return why this cannot be the width of a layer, or None."""
    if type(bits) is int and -MOST_BITS <= bits <= MOST_BITS:
        return None
    return (
        f"bit_widths gives {shown(layer)} {kind_of(bits)} for its bits: give a whole number, such "
        "as 4."
    )


def kind_of(value: object) -> str:
    """Return the kind of a JSON value in a few words."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, (bool, int, float)) and len(str(value)) < 20:
        return json.dumps(value)
    names = {dict: "an object", list: "a list", type(None): "null"}
    return names.get(type(value), f"a value of type {type(value).__name__}")


def shown(text: object) -> str:
    """Return an untrusted text in quotes, short and in ASCII."""
    quoted = ascii(text)
    return quoted if len(quoted) <= 40 else f"{quoted[:36]}...'"
