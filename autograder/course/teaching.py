"""Read `teaching.toml`: what to say in class about each mistake that the grader can name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

from autograder.errors import AutograderError
from autograder.toml_reader import FilledText, in_file, read_toml

TEACHING = Path(__file__).with_name("teaching.toml")


class BadTeaching(AutograderError):
    """The file can't be used; the message says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class TeachingIdea:
    """Hold one idea behind some mistakes: what students believed, and what is true.

    `mutants` are the names of the mistakes, "<family>/<case>". `slip` is the entry of the rubric's
    [slips] that the idea belongs to, or "".
    """

    name: str
    mutants: tuple[str, ...]
    believed: str
    truth: str
    slip: str = ""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mutants: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, description="a list of names")]
    believed: FilledText
    truth: FilledText
    slip: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ideas: dict[str, _Entry]


def load_ideas(path: Path = TEACHING) -> tuple[TeachingIdea, ...]:
    """Return the ideas in the order of the file. Raise `BadTeaching` if it cannot be used."""
    entries = read_toml(path, _File, BadTeaching).ideas
    places: dict[str, str] = {}
    for name, entry in entries.items():
        for key in (*entry.mutants, *([f"slip {entry.slip}"] if entry.slip else [])):
            if key in places:
                sentence = f"{key} is in {places[key]} and in {name}: remove one of the two"
                raise BadTeaching(in_file(path, sentence))
            places[key] = name
    return tuple(
        TeachingIdea(name, entry.mutants, entry.believed, entry.truth, entry.slip)
        for name, entry in entries.items()
    )


@cache
def teaching_ideas() -> tuple[TeachingIdea, ...]:
    """Return the ideas of the kit, read once."""
    return load_ideas()


def ideas_by_mutant() -> Mapping[str, TeachingIdea]:
    """Return the idea behind each mistake of the kit."""
    return {mutant: idea for idea in teaching_ideas() for mutant in idea.mutants}
