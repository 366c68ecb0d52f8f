"""Open zip files inside a submission, one level deep, as if they were folders.

Students zip a folder that contains their zip, and course sites put uploads beside other files. A
problem with an inner zip affects only that zip, which is then listed as refused. Zip files inside
it are not opened.
"""

import io
from contextlib import ExitStack
from dataclasses import replace

from quantlab.intake.archive import (
    LIMITS,
    Contents,
    Entry,
    Limits,
    RefusedEntry,
    UnreadableFile,
    UnreadableSubmission,
    zip_contents,
)
from quantlab.intake.names import quote_name

_MOST = 8  # zips in one submission; more are no submission
_LARGEST = 256 * 2**20  # bytes of all of them, which are held in memory: the kit with CIFAR-10 fits


def is_zip(entry: Entry) -> bool:
    """Return whether the name ends in .zip. A saved model is a zip too, and is not meant."""
    return entry.name.casefold().endswith(".zip")


def only_zip(contents: Contents) -> Entry | None:
    """Return the zip file that is the only entry: it is the submission itself."""
    only = contents.files[0] if len(contents.files) == 1 and not contents.refused else None
    return only if only is not None and is_zip(only) else None


def open_nested(stack: ExitStack, contents: Contents, limits: Limits = LIMITS) -> Contents:
    """Return `contents` with the files of inner zips, readable until `stack` is closed."""
    files = [entry for entry in contents.files if not is_zip(entry)]
    refused = list(contents.refused)
    left = _LARGEST
    for number, entry in enumerate(filter(is_zip, contents.files)):
        if number >= _MOST:
            refused.append(RefusedEntry(entry.path, f"is one of more than {_MOST} zip files"))
            continue
        try:
            packed = entry.read(left)
            left -= len(packed)
            stream = stack.enter_context(io.BytesIO(packed))
            inside = zip_contents(stack, stream, quote_name(entry.name), limits)
        except UnreadableFile as problem:
            refused.append(RefusedEntry(entry.path, str(problem)))
            continue
        except UnreadableSubmission as problem:
            refused.append(RefusedEntry(entry.path, f"can't be opened. {str(problem).rstrip('.')}"))
            continue
        files += [_below(entry, inner) for inner in inside.files]
        refused += [replace(inner, path=f"{entry.path}/{inner.path}") for inner in inside.refused]
    return Contents(
        tuple(sorted(files, key=lambda inner: inner.path)),
        tuple(sorted(refused, key=lambda inner: (inner.path, inner.reason))),
    )


def _below(folder: Entry, inside: Entry) -> Entry:
    return replace(
        inside, path=f"{folder.path}/{inside.path}", parts=(*folder.parts, *inside.parts)
    )
