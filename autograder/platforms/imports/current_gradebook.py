"""What a course site shows now: a column of its gradebook, and what an import does to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from autograder.errors import AutograderError
from autograder.platforms.gradebook_row import EXCUSED
from autograder.staff_table import read_number
from quantlab.intake.names import quote_name
from quantlab.student_ids import plain_student

Score = float | str | None  # points, EXCUSED, or None without a score
_Cell = tuple[str, str]  # a heading, and a value under it
_NAMED = 5  # headings in a sentence
_NO_SCORE = ("", "-")


class BadGradebook(AutograderError):
    """The export of a gradebook can't be used; the message says where and why."""


@dataclass(frozen=True)
class CurrentRow:
    """Hold one student on the site.

    `columns` are the site's own, as it spells them. `locked` says why the site accepts no score.
    """

    name: str
    columns: Mapping[str, str]
    score: Score = None
    locked: str = ""


@dataclass(frozen=True)
class CurrentGradebook:
    """Hold the export of a site's gradebook.

    `file` is its name. `column` is the heading of the scores, "" if there is none; `headings` are
    those to choose from. `maximum` is what the site says the assignment is worth, None if it does
    not say. `problem` says why no score of the column can be imported.
    """

    site: str
    file: str
    column: str
    rows: tuple[CurrentRow, ...]
    maximum: float | None = None
    headings: tuple[str, ...] = ()
    problem: str = ""

    def place(self, key: str, value: str) -> int | None:
        """Return the row with exactly this value in a column, None unless there is one."""
        return _only(self._places, (key, value))

    def spelled(self, columns: Mapping[str, str], keys: Sequence[str]) -> Mapping[str, str]:
        """Return the columns of a student as the site spells them; unchanged for a stranger."""
        for key in keys:
            place = _only(self._folded_places, (key, folded(columns.get(key, ""))))
            if place is not None:
                return {**columns, **self.rows[place].columns}
        return columns

    @cached_property
    def _places(self) -> Mapping[_Cell, list[int]]:
        return self._index(str)

    @cached_property
    def _folded_places(self) -> Mapping[_Cell, list[int]]:
        return self._index(folded)

    def _index(self, same: Callable[[str], str]) -> Mapping[_Cell, list[int]]:
        places: dict[_Cell, list[int]] = {}
        for place, row in enumerate(self.rows):
            for key, value in row.columns.items():
                if value:
                    places.setdefault((key, same(value)), []).append(place)
        return places


def _only(places: Mapping[_Cell, list[int]], cell: _Cell) -> int | None:
    fitting = places.get(cell, ())
    return fitting[0] if len(fitting) == 1 else None


@dataclass(frozen=True)
class Effect:
    """Hold what an importer does with one row of an import file.

    `place` is the row of the current gradebook, None if the importer finds no student. `problem`
    says why the importer would not set this score.
    """

    place: int | None
    after: Score
    problem: str = ""


@dataclass(frozen=True)
class Simulation:
    """Hold the effect of each row of an import file, and what is wrong with all of it."""

    effects: tuple[Effect, ...] = ()
    problem: str = ""


def folded(value: str) -> str:
    """Return an id for comparisons: one text whichever way it was typed."""
    return plain_student(value).casefold()


def read_score(text: str, nothing: Iterable[str] = ()) -> tuple[Score, str]:
    """Return a score as a site shows it, and why it can't be one; `nothing` are words for none."""
    if text in _NO_SCORE or text.casefold() in nothing:
        return None, ""
    if text.casefold() in ("ex", "exempt"):
        return EXCUSED, ""
    number = read_number(text)
    if number is None:
        return None, f"the site shows {quote_name(text)}, which is not a number"
    return round(number, 2), ""


def choose_column(headings: Sequence[str], setting: str) -> str:
    """Return what to do about an unknown column: the headings to choose from, and where."""
    if not headings:
        return "; export the gradebook again"
    named = " or ".join(headings[:_NAMED])
    return f"; choose {named} as {setting} in course.toml"


def show(score: Score) -> str:
    """Return a score as text, "–" for none."""
    return "–" if score is None else score if isinstance(score, str) else f"{score:g}"
