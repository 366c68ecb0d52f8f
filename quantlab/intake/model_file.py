"""Inspect a model file without torch and without unpickling it.

This runs in the trusted process, before the sandbox loads the file. Common mistakes get a clear
message, and a hostile archive never reaches the loader. It is no security boundary: a file that
passes is still loaded in the sandbox only, and its tensors are validated afterwards. A `.packed`
file (question 3, `quantlab.formats.packed_model`) is recognized by its first bytes.
"""

import io
import zipfile
from collections.abc import Iterator

from quantlab.formats.packed_magic import MAGIC
from quantlab.intake.file_kinds import recognize_kind
from quantlab.intake.zips import DAMAGE, open_zip

MOST_MEMBERS = 20_000  # torch.save writes one per tensor: ResNet-20 has about 120
PACKED = ".packed"
DIRECTORY_BYTES = 4 * 2**20  # the list of 20,000 members with torch's short names

_LEGACY = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"  # magic number of torch before 1.6, after PROTO
_SAVE = (
    "save it with quantlab.formats.saved_model.save, or torch.save a dictionary of plain tensors"
)


def problem(name: str, content: bytes) -> str | None:
    """Return why the model file called `name` cannot be loaded; None if no reason was found."""
    faults = _packed_faults if name.endswith(PACKED) else _faults
    fault = next(faults(content), None)
    return f"{name} {fault}." if fault else None


def _faults(content: bytes) -> Iterator[str]:
    """Yield what is wrong, the simplest first. Each test relies on those before it."""
    if not content:
        yield "is empty: submit it again"
    if kind := recognize_kind(content):
        yield f"is {kind}: submit the file that torch.save wrote"
    if content[:2] in (b"\x80\x02", b"\x80\x03") and content.startswith(_LEGACY, 2):
        return  # torch's format before version 1.6 is no archive
    if _is_pickle(content):
        yield f"is a pickled object and is not opened: {_SAVE}"
    if not content.startswith(b"PK"):
        yield f"is not a file that torch.save wrote: {_SAVE}"
    try:
        with open_zip(io.BytesIO(content), DIRECTORY_BYTES) as archive:
            yield from _archive_faults(archive.infolist(), len(content))
    except DAMAGE:
        yield "is damaged or was cut short: submit it again"


def _packed_faults(content: bytes) -> Iterator[str]:
    if not content:
        yield "is empty: submit it again"
    if kind := recognize_kind(content):
        yield f"is {kind}: submit the file that quantlab.formats.packed_model.save wrote"
    if not content.startswith(MAGIC):
        yield "is no packed model: write it with quantlab.formats.packed_model.save"


def _archive_faults(members: list[zipfile.ZipInfo], size: int) -> Iterator[str]:
    if len(members) > MOST_MEMBERS:
        yield f"has more than {MOST_MEMBERS:,} parts: {_SAVE}"
    # The records are in a folder that is named as the file was when it was written.
    records = {member.filename.partition("/")[2] for member in members}
    if "constants.pkl" in records or any(record.startswith("code/") for record in records):
        yield f"is a TorchScript model, code and all: {_SAVE}"
    if "data.pkl" not in records:
        yield f"is a zip file that torch.save did not write: {_SAVE}"
    if any(member.flag_bits & 0x1 for member in members):
        yield "is protected by a password: submit the file that torch.save wrote"
    if any(
        member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size
        for member in members
    ):
        yield "was packed again after torch.save: submit the file as torch.save wrote it"
    if sum(member.file_size for member in members) > size:
        yield f"has parts that lie over each other: {_SAVE}"


def _is_pickle(content: bytes) -> bool:
    """Return whether the bytes begin like a pickle of protocol 2 to 5."""
    return content[0] == 0x80 and len(content) > 1 and 2 <= content[1] <= 5
