"""Read `answers.json` as people write it: what cannot be read costs its own cell only.

Numbers may be texts ("91.2", "91,2 %"), names may differ in letter case, and the student may be a
number. Entries that the format does not have are ignored with a note, unless they are in the place
of one that is missing. `Answers.unread` says what could not be read, `Answers.notes` what was read
in another way. `BadAnswers` is raised if nothing can be used: the text is not JSON, it has another
version, or it does not name the student or the data set.
"""

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from quantlab.errors import BadAnswers
from quantlab.formats.answers import (
    GUESSES,
    LARGEST_TEXT,
    LONGEST_GUESS,
    MOST_LAYERS,
    MSE_BITS,
    MSE_METHODS,
    TABLE1_METHODS,
    TRAININGS,
    VECTORS,
    VERSION,
    Answers,
    checked_pseudonym,
    checked_text,
    kind_of,
    layer_problem,
    shown,
    width_problem,
)
from quantlab.paths import CELLS, DATASETS
from quantlab.student_ids import plain_student

AGAIN = "write answers.json again with the notebook, not by hand"
_TABLES = ("mse", "table1", "bit_widths")
_NAMES = ("version", "student", "dataset", *_TABLES, "guesses", "leaderboard", "fast")
_MOST_UNREAD = 60
LARGEST_GUESS = 1e15
_MOST_NAMED = 3  # in one note
_NUMBER = re.compile(r"([+-]?\d{1,30}(?:[.,]\d{0,30})?(?:e[+-]?\d{1,4})?) ?(%?)", re.IGNORECASE)


@dataclass
class _Record:
    """Collect what could not be read and what was read in another way, within bounds."""

    unread: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def refuse(self, where: str, problem: str, advice: str = AGAIN) -> None:
        """Record that the entry at `where` cannot be read."""
        if len(self.unread) < _MOST_UNREAD:
            self.unread[where] = f'"{where}" in answers.json {problem}: {advice}.'

    def notes(self) -> Iterator[str]:
        """Yield one sentence for each kind of oddity."""
        for places, what in (
            (self.ignored, "entries that are not read"),
            (self.twice, "entries that are there twice, of which one counts"),
            (self.texts, "numbers that are written as text and were read"),
        ):
            if places:
                named = ", ".join(places[:_MOST_NAMED])
                more = len(places) - _MOST_NAMED
                yield f"answers.json has {what}: {named}{f' and {more} more' if more > 0 else ''}."
        yield from self.refused


def parse(text: str | bytes) -> Answers:
    """Return the answers in `text` (UTF-8 or UTF-16, if bytes).

    Raises:
        BadAnswers: Nothing in the text can be used.
    """
    record = _Record()
    found = _matched(_object(_json(text, record)), _NAMES, "", record)
    if not _is_version(found.get("version", VERSION)):
        raise BadAnswers(
            f"answers.json does not have version {VERSION}: write it again with the notebook "
            "of this assignment."
        )
    for name in ("student", "dataset"):
        if name not in found:
            raise BadAnswers(f'answers.json has no "{name}": {AGAIN}.')
    bits = tuple(map(str, MSE_BITS))
    mse = _filled(found.get("mse"), "mse", (VECTORS, MSE_METHODS, bits), record)
    student = checked_text(plain_student(found["student"]) or found["student"], "student")
    return Answers(
        student=student,
        dataset=_title(checked_text(found["dataset"], "dataset")),
        mse={
            vector: {
                method: {int(bits): value for bits, value in cells.items()}
                for method, cells in methods.items()
            }
            for vector, methods in mse.items()
        },
        table1=_filled(found.get("table1"), "table1", (TRAININGS, CELLS, TABLE1_METHODS), record),
        bit_widths=_bit_widths(found.get("bit_widths"), record),
        guesses=_guesses(found.get("guesses")),
        leaderboard=_pseudonym(found.get("leaderboard"), student, record),
        unread=record.unread,
        notes=tuple(record.notes()),
        fast=found.get("fast") is True,
    )


def _json(text: str | bytes, record: _Record) -> object:
    if len(text) > LARGEST_TEXT:
        raise BadAnswers(
            f"answers.json is larger than {LARGEST_TEXT // 2**20} MiB: write it again with the "
            "notebook, which needs a few thousand bytes."
        )

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        values = dict(pairs)
        if len(values) < len(pairs) and len(record.twice) < _MOST_UNREAD:
            counts = Counter(name for name, _ in pairs)
            record.twice.append(shown(counts.most_common(1)[0][0]))
        return values

    try:
        decoded = text if isinstance(text, str) else text.decode(_encoding(text))
        return json.loads(decoded.removeprefix("\ufeff"), object_pairs_hook=unique)
    except UnicodeDecodeError as error:
        raise BadAnswers(f"answers.json is not UTF-8 text: {AGAIN}.") from error
    except json.JSONDecodeError as error:
        raise BadAnswers(f"answers.json is not JSON ({_fault(error)}): {AGAIN}.") from error
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits; 100,000 brackets
        raise BadAnswers(
            f"answers.json holds a number or a nesting of absurd size: {AGAIN}."
        ) from error


def _encoding(text: bytes) -> str:
    """Return UTF-16 or UTF-32 where the first bytes say so, else UTF-8."""
    return "utf-8" if text.startswith(b"\xef\xbb\xbf") else json.detect_encoding(text)


def _fault(error: json.JSONDecodeError) -> str:
    """Return the line and what is wrong there; JSON's own words if it is nothing usual."""
    rest, before = error.doc[error.pos :].lstrip(), error.doc[: error.pos].rstrip()
    line, what = error.lineno, error.msg
    if rest.startswith(("//", "/*", "#")):
        what = "a comment, which JSON does not have"
    elif before.endswith(",") or (rest.startswith(",") and rest[1:].lstrip()[:1] in ("}", "]")):
        what = "a comma too many"
        if before.endswith(","):  # Python 3.12 and before point behind the comma
            line = before.count("\n") + 1
    elif rest.startswith("'"):
        what = "single quotes, where JSON has double ones"
    return f"line {line}: {what}"


def _object(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise BadAnswers(f"answers.json must be a JSON object, not {kind_of(value)}: {AGAIN}.")


def _is_version(value: object) -> bool:
    return not isinstance(value, bool) and value in (VERSION, str(VERSION))


def _title(name: str) -> str:
    """Return the title of a data set that is written in another way ("cifar10")."""
    titles = {_folded(title): title for title in DATASETS.values()}
    return titles.get(_folded(name), name)


def _folded(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def _matched(
    present: Mapping[str, object], names: tuple[str, ...], where: str, record: _Record
) -> dict[str, object]:
    """Return the entries by their names in the format; record the others."""
    matched: dict[str, object] = {}
    others: list[str] = []
    for key, value in present.items():
        name = key if key in names else _similar(key, names)
        if name is None:
            others.append(key)
        elif name not in matched or key == name:
            if name in matched:
                record.twice.append(shown(key))
            matched[name] = value
        else:
            record.twice.append(shown(key))
    optional = names if where else _TABLES
    missing = [name for name in optional if name not in matched]
    for key in others:
        if missing and isinstance(present[key], dict if not where else object):
            listed = ", ".join(names)
            record.refuse(f"{where}.{shown(key)[1:-1]}".lstrip("."), f"is none of {listed}")
        else:
            record.ignored.append(shown(key))
    return matched


def _similar(key: str, names: tuple[str, ...]) -> str | None:
    """Return the name that `key` writes in another way ("w8-a8", "8 bits"), or None."""
    bits = re.fullmatch(r"\D{0,8}([1-9])(?:\.0)?\D{0,8}", key)
    folded = bits[1] if bits and bits[1] in names else _folded(key)
    return next((name for name in names if _folded(name) == folded), None)


def _filled(table: object, where: str, levels: tuple[tuple[str, ...], ...], record: _Record) -> Any:
    """Return `table` with all names of all `levels`, None for numbers that are not there."""
    if not levels:
        return _number(table, where, record)
    if table is not None and not isinstance(table, dict):
        record.refuse(where, f"must be a JSON object, not {kind_of(table)}")
    present = _matched(table, levels[0], where, record) if isinstance(table, dict) else {}
    return {
        name: _filled(present.get(name), f"{where}.{name}", levels[1:], record)
        for name in levels[0]
    }


def _number(value: object, where: str, record: _Record) -> float | None:
    """Return the number in a cell; None if it is empty or cannot be read."""
    if value is None or value == "":
        return None
    number = _from_text(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        record.refuse(where, f"must be a number, not {kind_of(value)}")
        return None
    try:
        result = float(number)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        what = "is NaN" if math.isnan(result) else "is too large for a number"
        record.refuse(where, what, "find out why it was computed, and record it again")
        return None
    if isinstance(value, str):
        record.texts.append(f"{shown(value)} for {where}")
    return result


def _from_text(text: str) -> float | None:
    """Return the number that a text is: with a decimal point or comma, and perhaps a percent sign.

    Examples:
        >>> _from_text("91,2 %"), _from_text("1.5e-3"), _from_text("1,234.5")
        (91.2, 0.0015, None)
    """
    match = _NUMBER.fullmatch(" ".join(unicodedata.normalize("NFKC", text[:200]).split()))
    return float(match[1].replace(",", ".")) if match else None


def _guesses(guesses: object) -> dict[str, dict[str, float | str | None]]:
    """Return the readable guesses; others are dropped without a note, as they have no points."""
    entries = guesses if isinstance(guesses, dict) else {}
    return {
        name: {part: _guess(entries[name].get(part)) for part in ("guess", "measured")}
        for name in GUESSES
        if isinstance(entries.get(name), dict)
    }


def _guess(value: object) -> float | str | None:
    if isinstance(value, str):
        return value[:LONGEST_GUESS].encode("utf-8", "replace").decode()
    if isinstance(value, (int, float)) and abs(value) < LARGEST_GUESS:  # also false for NaN
        return value
    return None


def _pseudonym(value: object, student: str, record: _Record) -> str:
    """Return the pseudonym; one that cannot be used costs nothing and is not shown."""
    if value is None or value == "":
        return ""
    try:
        return checked_pseudonym(value, student)
    except BadAnswers as problem:
        record.refused.append(f"answers.json: {problem}")
        return ""


def _bit_widths(widths: object, record: _Record) -> dict[str, int]:
    """Return the readable widths by layer."""
    if widths is None:
        return {}
    if not isinstance(widths, dict):
        record.refuse("bit_widths", f"must be a JSON object, not {kind_of(widths)}")
        return {}
    if len(widths) > MOST_LAYERS:
        record.refuse("bit_widths", f"names {len(widths)} layers, more than {MOST_LAYERS}")
        return {}
    read: dict[str, int] = {}
    for name, bits in widths.items():
        layer = name.removeprefix("module.").removeprefix("_orig_mod.").removesuffix(".weight")
        width = _from_text(bits) if isinstance(bits, str) else bits
        width = bits if width is None else width
        if isinstance(width, float) and width.is_integer():
            width = int(width)
        if problem := layer_problem(layer) or width_problem(layer, width):
            if len(record.unread) < _MOST_UNREAD:
                record.unread[f"bit_widths.{shown(layer)[1:-1]}"] = problem
        else:
            assert isinstance(width, int)
            read[layer] = width
    return read
