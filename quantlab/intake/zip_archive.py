"""Read the list of files of a zip from a student, under limits.

Members may be stored or compressed by deflate, bzip2 or LZMA. `zipfile` would decompress the latter
two without a limit, so `decompress` does. No member is read before it is used.
"""

import copy
import stat
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO

from quantlab.errors import UnreadableSubmission
from quantlab.intake.contents import (
    Budget,
    Contents,
    Entry,
    RefusedEntry,
    is_ignored,
    kind_of_mode,
    sort_contents,
    split_member,
    why_refused,
)
from quantlab.intake.decompress import decompress_member
from quantlab.intake.zips import open_zip

_UTF8_FLAG = 0x800
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def read_zip(stack: ExitStack, stream: IO[bytes], shown: str, budget: Budget) -> Contents:
    """Return the contents of the zip in a seekable stream, readable until `stack` is closed.

    `shown` is its quoted name for messages. Raise `UnreadableSubmission`, or one of `DAMAGE`.
    """
    archive = stack.enter_context(open_zip(stream, budget.limits.directory_bytes))
    members = archive.infolist()
    if any(member.flag_bits & 0x1 for member in members):
        raise UnreadableSubmission(
            f"The zip file {shown} is protected by a password: make it again without one."
        )
    named = [(member, member_name(member)) for member in members]
    own = [(member, name) for member, name in named if not is_ignored(split_member(name))]
    budget.spend(shown, len(own), sum(member.file_size for member, _ in own))
    files: list[Entry] = []
    refused: list[RefusedEntry] = []
    for member, name in own:
        parts = split_member(name)
        if reason := why_refused(name, parts, budget.limits) or _not_plain(member):
            refused.append(RefusedEntry(name, reason))
        elif parts and not name.endswith(("/", "\\")):
            files.append(Entry(name, parts, _opener(archive, member)))
    return sort_contents(files, refused, spent=budget.spent)


def member_name(member: zipfile.ZipInfo) -> str:
    """Return a member's name. Without the UTF-8 flag it is UTF-8, GB 2312 or code page 437."""
    name = member.orig_filename  # zipfile cuts `filename` at a NUL
    return name if member.flag_bits & _UTF8_FLAG else decode_name(name.encode("cp437"))


def decode_name(name: bytes) -> str:
    """Return the text of a name whose encoding is not said."""
    for encoding in ("utf-8", "gb2312"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("cp437")


def _not_plain(member: zipfile.ZipInfo) -> str | None:
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return f"is {kind_of_mode(mode)}"
    if member.compress_type not in _METHODS:
        return "is compressed in an unusual way (make the zip with the system's own program)"
    return None


def _opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    if member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return lambda: archive.open(member)
    packed = copy.copy(member)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, member.compress_size
    del packed.CRC  # that of the bytes inside
    is_lzma = member.compress_type == zipfile.ZIP_LZMA
    return lambda: decompress_member(archive.open(packed), member.file_size, member.CRC, is_lzma)
