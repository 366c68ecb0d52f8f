"""Zip files as students and torch write them, and every way a hostile one may change them.

Bytes changed at random seldom hit what a zip says about itself, so that numbers of its headers are
also changed on purpose.
"""

import io
import json
import random
import struct
import tarfile
import zipfile
from collections.abc import Iterator

from tests.fuzz.mutation import damaged

_ODD = (0, 1, 7, 8, 20, 63, 99, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
# Signatures of a zip's parts with where their numbers stand: (offset, struct format).
_PARTS = {
    b"PK\x03\x04": (
        *((offset, "<H") for offset in (4, 6, 8, 10, 26, 28)),
        *((offset, "<I") for offset in (14, 18, 22)),
    ),
    b"PK\x01\x02": (
        *((offset, "<H") for offset in (4, 6, 8, 10, 28, 30, 32, 34, 36)),
        *((offset, "<I") for offset in (16, 20, 24, 38, 42)),
    ),
    b"PK\x05\x06": (
        *((offset, "<H") for offset in (4, 6, 8, 10, 20)),
        *((offset, "<I") for offset in (12, 16)),
    ),
}


def packed(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return stream.getvalue()


def as_tar(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def as_torch_saves() -> bytes:
    """As `torch.save` lays a file out, without torch."""
    return packed(
        ("m/data.pkl", b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s."),
        ("m/byteorder", b"little"),
        *((f"m/data/{i}", bytes(range(i, i + 8))) for i in range(4)),
        ("m/version", b"3\n"),
        compression=zipfile.ZIP_STORED,
    )


_ANSWERS = json.dumps({"version": 1, "student": "ada", "dataset": "CIFAR-10"}).encode()
_FILES = (
    ("ada/solution.py", b"def linear_quantize(input): return input\n"),
    ("ada/answers.json", _ANSWERS),
    ("ada/ResNet20_W8A8.pt", as_torch_saves()),
    ("ada/report.md", b"# Report\n"),
    ("__MACOSX/ada/._solution.py", b"\0"),
)
SUBMISSIONS = (
    packed(*_FILES),
    packed(*_FILES[:2], compression=zipfile.ZIP_STORED),
    packed(*_FILES, ("m\u00fcller/solution (1).py", b"x = 1"), ("../out.py", b"x = 2")),
    packed(_FILES[0], compression=zipfile.ZIP_LZMA),
    packed(_FILES[0], compression=zipfile.ZIP_BZIP2),
    as_tar(*_FILES),
)
MODELS = (as_torch_saves(), packed(*_FILES), b"\x80\x02}q\x00.", b"PK\x03\x04")


def hostile(draw: random.Random, kind: tuple[bytes, ...]) -> bytes:
    """An archive that was one of `kind`, or never was one."""
    content = draw.choice(kind)
    match draw.randrange(10):
        case 0:
            return draw.randbytes(draw.randrange(300))
        case 1 | 2 | 3:
            return damaged(draw, content, kind)
        case 4:
            return damaged(draw, _renumbered(draw, content), kind)
    return _renumbered(draw, content)


def _renumbered(draw: random.Random, content: bytes) -> bytes:
    """`content` with a few numbers of its headers changed."""
    renumbered = bytearray(content)
    places = list(_numbers(content))
    for _ in range(draw.choice((1, 1, 2, 4))) if places else ():
        offset, form = draw.choice(places)
        (value,) = struct.unpack_from(form, renumbered, offset)
        changed = draw.choice((*_ODD, value + 1, value - 1, value ^ 1, value ^ 8, len(content)))
        struct.pack_into(form, renumbered, offset, changed % (1 << 8 * struct.calcsize(form)))
    return bytes(renumbered)


def _numbers(content: bytes) -> Iterator[tuple[int, str]]:
    for signature, numbers in _PARTS.items():
        start = content.find(signature)
        while start >= 0:
            for offset, form in numbers:
                if start + offset + struct.calcsize(form) <= len(content):
                    yield start + offset, form
            start = content.find(signature, start + 1)
