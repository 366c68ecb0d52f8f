"""Find the notebook and the other documents of a submission, for staff who grade written answers.

Names decide first: a copy of `main.ipynb` under its own name counts before any other. Of the other
notebooks, the first with a cell of the released notebook counts. Nothing is executed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from autograder.platforms.nbgrader_course.notebook_limits import LARGEST_NOTEBOOK, load_notebook
from quantlab.errors import UnreadableFile
from quantlab.intake.contents import Contents, Entry
from quantlab.intake.names import could_be, quote_name
from quantlab.intake.unused_files import could_be_report

NOTEBOOK = "main.ipynb"
WRITTEN = "written-"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # half of a pair, as JSON escapes it


@dataclass(frozen=True)
class StudentNotebook:
    """Hold the notebook of a submission.

    Attributes:
        entry: the file; None if the submission has none.
        content: its bytes, without what `read_notebook` removes.
        notebook: the notebook; None if there is none, or if it can't be read.
        problem: why a notebook that is there can't be read, a sentence; "" otherwise.
    """

    entry: Entry | None = None
    content: bytes = b""
    notebook: NotebookNode | None = None
    problem: str = ""


def find_notebook(contents: Contents) -> StudentNotebook:
    """Return the notebook of a submission."""
    first_problem = StudentNotebook()
    for entry in _notebooks(contents):
        candidate = _read(entry)
        notebook = candidate.notebook
        if notebook is not None and (_is_copy(entry) or _has_written_cell(notebook)):
            return candidate
        if _is_copy(entry) and first_problem.entry is None:
            first_problem = candidate
    return first_problem


def other_documents(contents: Contents, notebook: Entry | None) -> tuple[Entry, ...]:
    """Return the documents beside the notebook that may contain written answers."""
    return tuple(
        entry
        for entry in contents.files
        if entry is not notebook and not _is_copy(entry) and could_be_report(entry)
    )


def read_notebook(content: bytes) -> NotebookNode:
    """Return a notebook of any format as version 4, without malformed ids and metadata.

    A lone surrogate becomes "?", because UTF-8 can't encode it.

    Raises:
        UnreadableFile: it is too large, or has too many cells and outputs.
        Exception: it can't be read.
    """
    return _parse(content)[0]


def remove_malformed(notebook: NotebookNode) -> bool:
    """Remove ids that are not text and nbgrader's metadata that is no table; return if any was."""
    removed = False
    for cell in notebook.cells:
        for holder, key, kind in (
            (cell, "id", str),
            (cell.metadata, "id", str),
            (cell.metadata, "nbgrader", dict),
        ):
            if key in holder and not isinstance(holder[key], kind):
                del holder[key]
                removed = True
    return removed


def _parse(content: bytes) -> tuple[NotebookNode, bool]:
    """Return the notebook, and whether anything was removed or replaced."""
    parsed = load_notebook(content)
    text = content.decode("utf-8-sig")
    is_changed = False
    if _SURROGATE.search(text):
        pairs_joined = json.dumps(parsed, ensure_ascii=False)
        text = pairs_joined.encode("utf-8", "replace").decode("utf-8")
        is_changed = text != pairs_joined
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook, relax_add_props=True)
    return notebook, remove_malformed(notebook) or is_changed


def _notebooks(contents: Contents) -> Iterator[Entry]:
    """Yield the notebooks: copies of the released one first, nearest to the top first."""
    named = [entry for entry in contents.files if entry.name.casefold().endswith(".ipynb")]
    yield from sorted(named, key=lambda e: (not _is_copy(e), len(e.parts), e.path))


def _is_copy(entry: Entry) -> bool:
    return could_be(entry.name, NOTEBOOK)


def _read(entry: Entry) -> StudentNotebook:
    try:
        content = entry.read(LARGEST_NOTEBOOK)
    except UnreadableFile as problem:
        return StudentNotebook(entry, problem=f"{quote_name(entry.path)} {problem}.")
    try:
        notebook, is_changed = _parse(content)
        if is_changed:
            content = nbformat.writes(notebook).encode("utf-8")
        return StudentNotebook(entry, content, notebook)
    except UnreadableFile as problem:
        return StudentNotebook(entry, content, problem=f"{quote_name(entry.path)} {problem}.")
    except Exception as problem:  # any error of the parser
        reason = f"{quote_name(entry.path)} can't be read as a notebook ({type(problem).__name__})."
        return StudentNotebook(entry, content, problem=reason)


def _has_written_cell(notebook: NotebookNode) -> bool:
    return any(
        str(name).startswith(WRITTEN)
        for cell in notebook.cells
        for name in (
            cell.get("id"),
            cell.metadata.get("id"),
            cell.metadata.get("nbgrader", {}).get("grade_id"),
        )
    )
