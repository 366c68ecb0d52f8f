"""A Jupyter server of its own on a free port of this machine, and waiting for what a page does."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SECONDS = 120


@contextmanager
def jupyter_server(
    folder: Path, environment: Mapping[str, str], ready: str, kind: str = "server"
) -> Iterator[str]:
    """The address of `jupyter server` or `jupyter lab` on `folder`, once it answers `ready`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("ServerApp.port_retries=0", "IdentityProvider.token=", "ServerApp.password=")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter", kind, "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
            *(f"--{option}" for option in options),
            f"--ServerApp.root_dir={folder}",
        ],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(address + ready))
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(SECONDS)


def wait_for(happened: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return answer.read() not in (b"", b"[]")
    except OSError:
        return False
