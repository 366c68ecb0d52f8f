"""Write feedback into a zip or a folder: each file is complete or absent, and private.

Files have mode 0600, and new folders 0700. The list of pages is written first, `.pages.json`, so
that an interrupted run can be repeated. A folder is only used again if this list or the table says
that an earlier run wrote it; pages of students who get none any more are removed.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from autograder.course.feedback import Feedback, write_zip
from autograder.errors import AutograderError
from autograder.platforms.feedback_names import ADDRESSES
from quantlab.atomic_files import write_atomically

FEEDBACK = "feedback"  # below the folder of a class
_PAGES = ".pages.json"  # in a folder: the pages that this kit wrote
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


class UnwritableFeedback(AutograderError):
    """The feedback can't be written; the message says where, why and what to do."""


def write_archive(feedback: Feedback, path: Path, advance: Callable[[], object]) -> None:
    """Write a zip file. `advance` is called after each file.

    Raises:
        UnwritableFeedback: the file can't be written. A file of an earlier run is kept.
    """
    if path.is_dir():
        raise UnwritableFeedback(f"{path} is a folder. Name a zip file with --out.")
    try:
        _make_private(path.parent)
        write_atomically(
            path, lambda stream: write_zip(stream, _contents(feedback, advance)), PRIVATE_FILE
        )
    except OSError as error:
        raise _unwritable(path, error) from error


def write_folder(feedback: Feedback, folder: Path, advance: Callable[[], object]) -> None:
    """Write the files and their table into a folder. `advance` is called after each file.

    Raises:
        UnwritableFeedback: a file can't be written, or the folder contains other files.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise UnwritableFeedback(f"{folder} is a file. Name a folder with --out.")
        earlier = _earlier_pages(folder)
        _make_private(folder)
        _write_list(folder, earlier | {file.name for file in feedback.files})
        written = set()
        for name, content in _contents(feedback, advance):
            write_atomically(folder / name, partial(_write, content), PRIVATE_FILE)
            written.add(name)
        for name in earlier - written:
            (folder / name).unlink(missing_ok=True)
        _write_list(folder, {file.name for file in feedback.files})
    except OSError as error:
        raise _unwritable(folder, error) from error


def _contents(feedback: Feedback, advance: Callable[[], object]) -> Iterator[tuple[str, bytes]]:
    for file in feedback.files:
        yield file.name, feedback.render(file)
        advance()
    for name, text in feedback.tables.items():  # last: a table lists only what is there
        yield name, text.encode()


def _write(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)


def _earlier_pages(folder: Path) -> set[str]:
    """Return the pages that an earlier run wrote. Refuse a folder with other files."""
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    try:
        names = _listed(folder)
    except (FileNotFoundError, ValueError, csv.Error) as error:
        raise UnwritableFeedback(
            f"{folder} contains other files. Name an empty or new folder with --out."
        ) from error
    return {name for name in names if name and Path(name).name == name}


def _listed(folder: Path) -> set[str]:
    """Return the names in the list of pages; without a list, those in the table."""
    if (place := folder / _PAGES).is_file():
        names = json.loads(place.read_text(encoding="utf-8"))
        if not isinstance(names, list):
            raise ValueError(f"{place} is not a list.")
        return set(map(str, names))
    text = (folder / ADDRESSES).read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return {row.get("attachment") or "" for row in rows}


def _write_list(folder: Path, names: set[str]) -> None:
    content = json.dumps(sorted(names)).encode()
    write_atomically(folder / _PAGES, partial(_write, content), PRIVATE_FILE)


def _make_private(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(PRIVATE_FOLDER)


def _unwritable(path: Path, error: OSError) -> UnwritableFeedback:
    return UnwritableFeedback(
        f"{path} can't be written: {error.strerror or error}. Free some space or choose another "
        "place with --out. Files written before are complete."
    )
