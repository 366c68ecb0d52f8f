"""A published file is fetched from whichever mirror has it, goes on where it broke off, is checked.

The mirrors are servers on this machine: quick, slow, cut short, lying, or without the file.
"""

import hashlib
import http.server
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from quantlab.data.cifar10 import load_cifar10
from quantlab.data.download import CIFAR10, Archive, MinimumSpeed, fetch
from quantlab.errors import DataNotFound, DownloadFailed

CONTENT = bytes(range(256)) * 4_000  # about a megabyte
QUICK = MinimumSpeed(seconds=0.3, bytes_per_second=100_000)


@dataclass
class Mirror:
    """A server of one file. `requests` are the Range headers it was asked with."""

    address: str = ""
    content: bytes = CONTENT
    ends_after: int | None = None  # bytes per answer, then the connection is cut
    pause: float = 0.0  # seconds between pieces of 1,000 bytes
    status: int = 200
    knows_ranges: bool = True
    requests: list[str | None] = field(default_factory=list)


@pytest.fixture
def serve() -> Iterator:
    servers = []

    def start(**kind: object) -> Mirror:
        mirror = Mirror(**kind)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self, mirror)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror.address = f"http://127.0.0.1:{server.server_port}/{CIFAR10.name}"
        return mirror

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answer(request: http.server.BaseHTTPRequestHandler, mirror: Mirror) -> None:
    requested_range = request.headers.get("Range")
    mirror.requests.append(requested_range)
    if mirror.status != 200:
        request.send_error(mirror.status)
        return
    start = (
        int(re.fullmatch(r"bytes=(\d+)-", requested_range or "bytes=0-")[1])
        if mirror.knows_ranges
        else 0
    )
    rest = mirror.content[start:]
    request.send_response(206 if mirror.knows_ranges else 200)
    request.send_header("Content-Length", str(len(rest)))
    request.end_headers()
    try:
        for offset in range(0, len(rest[: mirror.ends_after]), 1_000 if mirror.pause else 2**20):
            request.wfile.write(
                rest[: mirror.ends_after][offset:][: 1_000 if mirror.pause else None]
            )
            time.sleep(mirror.pause)
    except OSError:  # the other side has left
        pass


def archive(*mirrors: Mirror, content: bytes = CONTENT) -> Archive:
    digest = hashlib.md5(content).hexdigest()
    return Archive("file.tar.gz", len(content), digest, tuple(m.address for m in mirrors))


def test_fetch_uses_the_first_mirror_that_has_the_file(serve, tmp_path: Path) -> None:
    first, second = serve(), serve()
    path = fetch(tmp_path, archive(first, second), progress=False)
    assert path.read_bytes() == CONTENT
    assert not second.requests
    assert list(tmp_path.iterdir()) == [path]  # no part is left


def test_fetch_skips_a_file_that_exists(serve, tmp_path: Path) -> None:
    mirror = serve()
    fetch(tmp_path, archive(mirror), progress=False)
    fetch(tmp_path, archive(mirror), progress=False)
    assert len(mirror.requests) == 1


def test_fetch_tries_the_next_mirror_after_a_404(serve, tmp_path: Path) -> None:
    path = fetch(tmp_path, archive(serve(status=404), serve()), progress=False)
    assert path.read_bytes() == CONTENT


def test_fetch_resumes_a_broken_download_at_the_next_mirror(serve, tmp_path: Path) -> None:
    broken, whole = serve(ends_after=300_000), serve()
    path = fetch(tmp_path, archive(broken, whole), progress=False)
    assert path.read_bytes() == CONTENT
    assert whole.requests == ["bytes=300000-"]


def test_fetch_resumes_an_interrupted_download(serve, tmp_path: Path) -> None:
    (tmp_path / "file.tar.gz.part").write_bytes(CONTENT[:500_000])
    mirror = serve()
    assert fetch(tmp_path, archive(mirror), progress=False).read_bytes() == CONTENT
    assert mirror.requests == ["bytes=500000-"]


def test_fetch_restarts_at_a_server_without_ranges(serve, tmp_path: Path) -> None:
    (tmp_path / "file.tar.gz.part").write_bytes(b"something that came before" * 1_000)
    mirror = serve(knows_ranges=False)
    path = fetch(tmp_path, archive(mirror), progress=False)
    assert path.read_bytes() == CONTENT
    assert len(mirror.requests) == 1


def test_fetch_leaves_a_slow_mirror_for_a_quick_mirror(serve, tmp_path: Path) -> None:
    slow, quick = serve(pause=0.05), serve()  # 20 kB/s
    started = time.monotonic()
    path = fetch(tmp_path, archive(slow, quick), QUICK, progress=False)
    assert path.read_bytes() == CONTENT
    assert time.monotonic() - started < 20  # alone it would take 51 seconds
    assert quick.requests[0] != "bytes=0-"  # what the slow one gave was kept


def test_fetch_accepts_a_slow_mirror_when_there_is_no_other(serve, tmp_path: Path) -> None:
    content = CONTENT[:60_000]
    slow = serve(pause=0.02, content=content)
    path = fetch(tmp_path, archive(slow, content=content), QUICK, progress=False)
    assert path.read_bytes() == content


def test_fetch_discards_a_file_with_another_digest(serve, tmp_path: Path) -> None:
    lying, honest = serve(content=CONTENT[::-1]), serve()
    path = fetch(tmp_path, archive(lying, honest), progress=False)
    assert path.read_bytes() == CONTENT
    assert honest.requests == ["bytes=0-"]  # and nothing of them is kept


def test_fetch_explains_in_a_sentence_why_all_mirrors_failed(serve, tmp_path: Path) -> None:
    mirrors = [serve(status=404), serve(content=CONTENT[::-1]), serve(ends_after=10)]
    with pytest.raises(DownloadFailed) as failure:
        fetch(tmp_path, archive(*mirrors), QUICK, progress=False)
    sentence = str(failure.value)
    assert "answered 404" in sentence
    assert "sent another file" in sentence
    assert "ended early" in sentence
    assert str(tmp_path) in sentence
    assert not (tmp_path / "file.tar.gz").exists()


def test_load_cifar10_passes_on_the_sentence_of_a_failed_download(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(folder: Path) -> Path:
        raise DownloadFailed("No mirror has it: check the network.")

    monkeypatch.setattr("quantlab.data.cifar10.fetch", fail)
    monkeypatch.setattr("quantlab.data.cifar10.KIT", tmp_path)
    monkeypatch.delenv("CIFAR10_ROOT", raising=False)
    with pytest.raises(DataNotFound, match="No mirror has it: check the network"):
        load_cifar10("test", download=True)


def test_cifar10_archive_lists_the_official_host_last() -> None:
    hosts = [mirror.split("/")[2] for mirror in CIFAR10.mirrors]
    assert hosts[-1] == "www.cs.toronto.edu"
    assert len(set(hosts)) >= 3
