"""Zips within a hand-in: opened one level deep, as if their files lay in a folder of that name.

Students zip a folder that holds their zip, and learning management systems put what was uploaded
beside other files. Whatever can go wrong with a zip inside costs only that zip, which then stands
among what was refused. What it holds is not looked into further.
"""

import io
from contextlib import ExitStack
from dataclasses import replace

from autograder.intake.archive import (
    LIMITS,
    Contents,
    Entry,
    Limits,
    RefusedEntry,
    UnreadableFile,
    UnreadableSubmission,
    zip_contents,
)
from autograder.intake.names import quote_name

_MOST = 8  # zips in one hand-in; more are no hand-in
_LARGEST = 256 * 2**20  # bytes of all of them, which are held in memory: the kit with CIFAR-10 fits


def is_zip(entry: Entry) -> bool:
    """Whether its name says so; a saved model is a zip too, and is not meant."""
    return entry.name.casefold().endswith(".zip")


def only_zip(contents: Contents) -> Entry | None:
    """The zip that is all there is: it is the hand-in, and not a zip within one."""
    only = contents.files[0] if len(contents.files) == 1 and not contents.refused else None
    return only if only is not None and is_zip(only) else None


def open_nested(stack: ExitStack, contents: Contents, limits: Limits = LIMITS) -> Contents:
    """`contents` with the files of the zips inside it, readable until `stack` is closed."""
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
        files += [_below(entry, one) for one in inside.files]
        refused += [replace(one, path=f"{entry.path}/{one.path}") for one in inside.refused]
    return Contents(
        tuple(sorted(files, key=lambda one: one.path)),
        tuple(sorted(refused, key=lambda one: (one.path, one.reason))),
    )


def _below(folder: Entry, inside: Entry) -> Entry:
    return replace(
        inside, path=f"{folder.path}/{inside.path}", parts=(*folder.parts, *inside.parts)
    )
