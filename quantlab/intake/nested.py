"""Open archives inside a submission, up to three levels deep, as if they were folders.

Students pack a folder that contains their archive, and course sites put uploads beside other files.
A problem with an inner archive affects only that archive, which is then listed as refused. All of
them together stay within the limits of one submission.
"""

import io
import os
from contextlib import ExitStack, suppress
from dataclasses import replace

from quantlab.errors import UnreadableFile, UnreadableSubmission
from quantlab.intake.archive import archive_kind, read_archive
from quantlab.intake.contents import (
    LIMITS,
    Budget,
    Contents,
    Entry,
    Limits,
    RefusedEntry,
    sort_contents,
)
from quantlab.intake.names import quote_name
from quantlab.intake.released import is_released_name
from quantlab.intake.tar_archive import BLOCK
from quantlab.intake.zips import DAMAGE, open_zip

_EXTENSIONS = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz"})
_NOT_OPENED = frozenset({".rar", ".7z"})
_UNSAID = frozenset({"", ".download", ".part", ".tmp", ".crdownload"})
_MODELS = (".pt", ".pth")


def has_archive_name(name: str) -> bool:
    """Return whether a name is that of an archive, opened or not. Saved models are not meant."""
    return os.path.splitext(name.casefold())[1] in _EXTENSIONS | _NOT_OPENED


def is_archive(entry: Entry) -> bool:
    """Return whether a file is opened as an archive: by its name, and by its first bytes.

    A saved model is a zip too, and is not opened, whatever its name is.
    """
    if is_released_name(entry.parts):  # the data set's own archive
        return False
    extension = os.path.splitext(entry.name.casefold())[1]
    kind = None
    if extension in _EXTENSIONS or extension in _UNSAID or extension in _MODELS:
        kind = archive_kind(_beginning(entry))
    if extension == ".zip" and kind is None:
        return not _beginning(entry).startswith((b"Rar!", b"7z\xbc\xaf", b"\x80"))
    if extension in _MODELS:
        return kind == "zip" and any(name.endswith(_MODELS) for name in _members(entry))
    return kind is not None and not (kind == "zip" and _is_saved_model(entry))


def only_archive(contents: Contents) -> Entry | None:
    """Return the archive that is the only entry: it is the submission itself."""
    only = contents.files[0] if len(contents.files) == 1 and not contents.refused else None
    return only if only is not None and is_archive(only) else None


def open_nested(stack: ExitStack, contents: Contents, limits: Limits = LIMITS) -> Contents:
    """Return `contents` with the files of inner archives, readable until `stack` is closed."""
    budget = Budget(limits, contents.spent)
    files: list[Entry] = []
    refused = list(contents.refused)
    opened: list[str] = []
    waiting = [(entry, 1) for entry in reversed(contents.files)]
    while waiting:
        entry, level = waiting.pop()
        if not is_archive(entry):
            files.append(entry)
            continue
        if level > limits.levels or len(opened) >= limits.archives:
            reason = (
                f"is an archive inside {limits.levels} others"
                if level > limits.levels
                else f"is one of more than {limits.archives} archives"
            )
            refused.append(RefusedEntry(entry.path, reason))
            continue
        opened.append(entry.path)
        try:
            inside = _open(
                stack, entry, budget, is_outermost=level == 1 and not contents.spent.packed
            )
        except UnreadableFile as problem:
            refused.append(RefusedEntry(entry.path, str(problem)))
            continue
        except UnreadableSubmission as problem:
            refused.append(RefusedEntry(entry.path, f"can't be opened. {str(problem).rstrip('.')}"))
            continue
        waiting += [(_below(entry, inner), level + 1) for inner in reversed(inside.files)]
        refused += [replace(inner, path=f"{entry.path}/{inner.path}") for inner in inside.refused]
    failed = {entry.path for entry in refused}
    return sort_contents(
        files, refused, tuple(path for path in opened if path not in failed), budget.spent
    )


def _open(stack: ExitStack, entry: Entry, budget: Budget, is_outermost: bool) -> Contents:
    packed = entry.read(budget.memory_left)
    budget.hold(len(packed))
    if is_outermost:
        budget.enter(len(packed))
    stream = stack.enter_context(io.BytesIO(packed))
    return read_archive(stack, stream, entry.name, quote_name(entry.name), budget)


def _below(folder: Entry, inside: Entry) -> Entry:
    return replace(
        inside, path=f"{folder.path}/{inside.path}", parts=(*folder.parts, *inside.parts)
    )


def _beginning(entry: Entry) -> bytes:
    with suppress(*DAMAGE), entry.open() as stream:
        return stream.read(BLOCK)
    return b""


def _is_saved_model(entry: Entry) -> bool:
    """Return whether a zip has the records that `torch.save` writes."""
    return any(name.partition("/")[2] == "data.pkl" for name in _members(entry))


def _members(entry: Entry) -> list[str]:
    """Return the names in a zip of at most the size of a model; [] if it cannot be opened."""
    try:
        content = entry.read(LIMITS.model)
        with open_zip(io.BytesIO(content), LIMITS.directory_bytes) as archive:
            return archive.namelist()
    except (UnreadableFile, *DAMAGE):
        return []
