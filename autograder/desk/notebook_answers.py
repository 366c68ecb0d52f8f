"""Find a question's answer and figures in a submitted notebook.

The answer is all Markdown of the question's section that is not in the released notebook: the cell
for it, and cells that the student added. A section begins at the heading of its question. If the
headings are gone, the cell for the answer counts, by its metadata or its prompt. A notebook without
any of these is read as a report.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from autograder.desk.sections import QUESTIONS, find_section, heading_of
from autograder.platforms.nbgrader_course.notebook_limits import load_notebook
from quantlab.errors import UnreadableFile
from quantlab.paths import KIT

WRITTEN = "written-"
_PLACEHOLDER = "*Write your answer here.*"
_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST_PNG = 8 * 2**20  # bytes
_LONGEST_SIDE = 10_000  # pixels; a picture is decoded by the browser


class UnreadableNotebook(ValueError):
    """The file is not a notebook; the message completes a sentence that begins with "it"."""


@dataclass(frozen=True)
class Cell:
    """Hold one cell: its question by the headings above it, its text, its PNG pictures."""

    kind: str
    question: str
    names: frozenset[str]
    text: str
    pictures: tuple[bytes, ...]


@dataclass(frozen=True)
class NotebookText:
    """Hold the answer in a notebook; `is_whole` if the question was not recognized."""

    text: str
    is_whole: bool


def read_cells(content: bytes) -> tuple[Cell, ...]:
    """Return the cells of a notebook. Raise `UnreadableNotebook`."""
    try:
        notebook = load_notebook(content)
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        return tuple(_cells(cells))
    except UnreadableFile as problem:
        raise UnreadableNotebook(str(problem)) from problem
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableNotebook("is not a notebook, or is damaged") from error


def _cells(cells: Sequence[Mapping[str, Any]]) -> Iterator[Cell]:
    question = ""
    for cell in cells:
        text = _joined(cell.get("source", cell.get("input", "")))
        kind = str(cell.get("cell_type", ""))
        if kind != "code":
            question = _heading(text, question)
        yield Cell(kind, question, _names(cell), text, tuple(_pictures(cell)))


def _heading(text: str, current: str) -> str:
    """Return the question of the last heading in a Markdown text, else the current one."""
    for line in text.split("\n"):
        if line.lstrip().startswith("#") and (name := heading_of(line)):
            current = name
    return current


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(map(str, source))


def _names(cell: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of a cell: its own, Colab's and nbgrader's."""
    metadata = cell.get("metadata") or {}
    grade = metadata.get("nbgrader") or {}
    names = (cell.get("id"), metadata.get("id"), grade.get("grade_id"))
    return frozenset(name for name in names if isinstance(name, str) and name)


def _pictures(cell: Mapping[str, Any]) -> Iterator[bytes]:
    bundles = [output.get("data") or {} for output in cell.get("outputs") or ()]
    bundles += (cell.get("attachments") or {}).values()
    for bundle in bundles:
        encoded = bundle.get("image/png")
        if encoded and (png := decode_png(_joined(encoded))):
            yield png


def decode_png(encoded: str) -> bytes | None:
    """Return the bytes of a PNG picture in base64; None if it is not one, or too large."""
    if len(encoded) > _LARGEST_PNG * 4 // 3 + 4:
        return None
    try:
        png = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not png.startswith(_PNG) or png[12:16] != b"IHDR" or len(png) < 33:
        return None
    sides = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    return png if min(sides) > 0 and max(sides) <= _LONGEST_SIDE else None


def find_answer(cells: Sequence[Cell], question: str) -> NotebookText | None:
    """Return the answer to a question; None if the notebook has no text of the student's."""
    markdown = [cell for cell in cells if cell.kind == "markdown"]
    name = f"{WRITTEN}{question}"
    section = [
        cell
        for cell in markdown
        if cell.question == question or name in cell.names or _has_prompt(cell, question)
    ]
    own = _own_text(section)
    if own:
        return NotebookText(own, is_whole=False)
    everything = _own_text(markdown)
    if (below := find_section(everything, question)) is not None:
        return NotebookText(below, is_whole=False)
    if section or not everything:
        return None  # the cell is there, and empty
    return NotebookText(everything, is_whole=True)


def find_pictures(cells: Sequence[Cell]) -> tuple[tuple[bytes, str], ...]:
    """Return the pictures of a notebook, each with its question, "" above the first one."""
    return tuple((png, cell.question) for cell in cells for png in cell.pictures)


def _has_prompt(cell: Cell, question: str) -> bool:
    return cell.text.lstrip("# \n").startswith(f"**Written answer {question}.**")


def _own_text(cells: Sequence[Cell]) -> str:
    """Return the lines of cells that the released notebook does not contain."""
    released = _released_lines(KIT / "main.ipynb")
    texts = []
    for cell in cells:
        lines = [line.rstrip() for line in cell.text.split("\n") if _folded(line) not in released]
        text = "\n".join(lines).strip()
        if text:
            texts.append(text)
    return "\n\n".join(texts)


def _folded(line: str) -> str:
    return " ".join(line.split()) or " "


@cache
def _released_lines(path: Path) -> frozenset[str]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    lines = (
        _folded(line)
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown"
        for line in _joined(cell["source"]).split("\n")
        if line.strip()
    )
    return frozenset((*lines, _PLACEHOLDER))


@cache
def released_prompts() -> Mapping[str, str]:
    """Return what the released notebook asks, by question."""
    prompts = {}
    for cell in read_cells((KIT / "main.ipynb").read_bytes()):
        for question in QUESTIONS:
            if f"{WRITTEN}{question}" in cell.names:
                text = cell.text.replace(_PLACEHOLDER, "").strip()
                _, _, asked = text.partition(f"**Written answer {question}.**")
                prompts[question] = " ".join(asked.split())
    return prompts
