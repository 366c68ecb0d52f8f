"""Nothing of one submission can be seen by the next, and nothing stays on the machine."""

import contextlib
import ctypes
import hashlib
import inspect
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.machine_lock import MachineLock
from quantlab.protocol import wire
from quantlab.protocol.calls import Answer, Call, Input, Program

PREFIX = 16  # bytes of a marker that who looks for it has to know; the rest it knows the digest of


@pytest.fixture(scope="module")
def unhurried_sandbox(own_lock: MachineLock) -> Iterator[Sandbox]:
    """Searching all memory of a process takes longer than a check may."""
    limits = Limits(cpu_seconds=100, wall_seconds=1000.0, total_cpu_seconds=1000)
    with Sandbox(limits=limits, lock=own_lock) as running:
        yield running


# What the second student does: reads everything there is. A marker is found by its beginning, and
# by the digest of all of it, so that the search itself does not put what it looks for into memory.
SCANNER = """
import ctypes, hashlib, os

SIZE, PAGE, CHUNK = 64, 4096, 1 << 16

def scan(prefixes, digests):
    wanted = [bytes(row) for row in prefixes.tolist()], [bytes(row) for row in digests.tolist()]
    found = {}
    scanned = unread = 0

    def look(where, content):
        for number, (prefix, digest) in enumerate(zip(*wanted)):
            at = content.find(prefix)
            while at >= 0:
                if hashlib.sha256(content[at : at + SIZE]).digest() == digest:
                    found[where, number] = found.get((where, number), 0) + 1
                at = content.find(prefix, at + 1)

    libc = ctypes.CDLL(None, use_errno=True)
    far, near = os.pipe()

    def read(start, size):  # unreadable pages are an error of write, not a signal
        written = libc.write(near, ctypes.c_void_p(start), ctypes.c_size_t(size))
        return os.read(far, written) if written > 0 else b""

    with open("/proc/self/maps") as listing:
        regions = [line.split() for line in listing.read().splitlines()]
    for place, rights, *_ in regions:
        start, end = (int(number, 16) for number in place.split("-"))
        if "r" not in rights:
            continue
        while start < end:
            content = read(start, min(CHUNK, end - start))
            look("memory", content)
            scanned += len(content)
            unread += not content
            # the next piece begins in this one, so that no marker is cut
            if len(content) == end - start:
                break
            start += len(content) - SIZE if len(content) > SIZE else PAGE
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            look("descriptors", os.pread(int(descriptor), 1 << 22, 0))
        except OSError:
            pass
    for name in ("environ", "cmdline", "comm", "status", "auxv", "cgroup", "mountinfo"):
        try:
            with open("/proc/self/" + name, "rb") as stream:
                look("process", stream.read())
        except OSError:
            pass
    for folder in ("/tmp", "/dev/shm", "/dev/mqueue", "/var/tmp", "/run"):
        for here, _, names in os.walk(folder):
            for name in names:
                look("files", os.fsencode(name))
                try:
                    descriptor = os.open(os.path.join(here, name), os.O_RDONLY | os.O_NONBLOCK)
                    look("files", os.read(descriptor, CHUNK))
                    os.close(descriptor)
                except OSError:
                    pass
    libc.shmat.restype = ctypes.c_void_p
    for number in range(100):
        address = libc.shmat(number, None, 0o10000)
        if address not in (None, ctypes.c_void_p(-1).value):
            look("segments", ctypes.string_at(address, SIZE))
    return [[where, number] for where, number in found], scanned, unread * PAGE
"""


def marker() -> bytes:
    """64 random bytes of readable text, so that it can also stand in a source."""
    return secrets.token_hex(32).encode()


def look_for(sandbox: Sandbox, *wanted: bytes, **more: np.ndarray) -> list[list[Any]]:
    """Where a student finds which of `wanted`, by number; `more` inputs are sent along."""
    prefixes = np.array([list(text[:PREFIX]) for text in wanted], np.uint8)
    digests = np.array([list(hashlib.sha256(text).digest()) for text in wanted], np.uint8)
    program = Program(
        (Call("scan", (Input("prefixes"), Input("digests"))),),
        {"prefixes": prefixes, "digests": digests, **more},
    )
    outcome = sandbox.run(SCANNER, program)
    assert isinstance(outcome, Answer), outcome
    hits, scanned, unread = outcome.results[0]
    assert scanned > 100 << 20  # bytes; Python and torch alone are more
    assert unread < scanned // 10
    return hits


def test_sandbox_keeps_nothing_of_the_previous_student(unhurried_sandbox: Sandbox) -> None:
    in_source, in_input, in_answer, printed = (marker() for _ in range(4))
    masked = bytes(byte ^ 0x15 for byte in in_answer)  # the answer itself is made over there
    before = unhurried_sandbox.run(
        f"ONE = {in_source!r}\n"
        "import torch\n"
        "def f(x, hidden, shown):\n"
        "    print(bytes((shown ^ 0x2A).tolist()).decode(), flush=True)\n"
        "    return x.clone(), hidden ^ 0x15, ONE.decode()\n",
        Program(
            (Call("f", (Input("x"), Input("hidden"), Input("shown"))),),
            {
                "x": np.frombuffer(in_input, np.uint8),
                "hidden": np.frombuffer(masked, np.uint8),
                "shown": np.frombuffer(bytes(byte ^ 0x2A for byte in printed), np.uint8),
            },
            return_inputs=True,
        ),
    )
    assert isinstance(before, Answer), before
    assert before.results[0][1].tobytes() == in_answer
    assert look_for(unhurried_sandbox, in_source, in_input, in_answer, printed) == []


def test_look_for_finds_existing_markers(unhurried_sandbox: Sandbox) -> None:
    """A student's own input, and what the worker had in memory before it became a student's."""
    own, elsewhere = marker(), marker()
    inherited = inspect.getdoc(wire).encode()[100:164]
    hits = look_for(unhurried_sandbox, own, inherited, elsewhere, own=np.frombuffer(own, np.uint8))
    assert sorted(hits) == [["memory", 0], ["memory", 1]]


# What hostile code does to stay: every trace carries the name, the port or the key it was given.
LEAVER = """
import ctypes, os, socket, threading, time

def leave(name, port, key):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(15, name.encode(), 0, 0, 0)  # the name of the process, and of all its children
    done = []

    def attempt(action):
        try:
            done.append(bool(action()))
        except BaseException:
            done.append(False)

    def write(folder):
        with open(os.path.join(folder, name), "w") as stream:
            return stream.write(name)

    def listen(kind, place):
        connection = socket.socket(*kind)
        connection.bind(place)
        if kind[1] == socket.SOCK_STREAM:
            connection.listen()
        kept.append(connection)
        return True

    def stay():
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(60)
            os._exit(0)
        return True

    kept = []
    for folder in ("/tmp", "/dev/shm", "/var/tmp", ".", os.path.expanduser("~")):
        attempt(lambda: write(folder))
    for kind, place in (
        ((socket.AF_INET, socket.SOCK_STREAM), ("127.0.0.1", port)),
        ((socket.AF_INET, socket.SOCK_DGRAM), ("127.0.0.1", port)),
        ((socket.AF_UNIX, socket.SOCK_STREAM), "\\0" + name),
        ((socket.AF_UNIX, socket.SOCK_STREAM), "/tmp/socket-" + name),
    ):
        attempt(lambda: listen(kind, place))
    attempt(lambda: libc.shmget(key, 4096, 0o1600) >= 0)
    attempt(lambda: libc.semget(key, 1, 0o1600) >= 0)
    attempt(lambda: libc.msgget(key, 0o1600) >= 0)
    attempt(lambda: libc.sem_open(b"/" + name.encode(), os.O_CREAT, 0o600, 0) != 0)
    attempt(lambda: libc.mq_open(b"/" + name.encode(), os.O_CREAT | os.O_RDWR, 0o600, None) >= 0)
    attempt(stay)
    thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)
    attempt(lambda: thread.start() is None)
    with open("/proc/self/comm") as stream:
        return stream.read().strip(), sum(done)
"""


def traces(name: str, port: int, key: int) -> set[str]:
    """The kinds of things on this machine that carry the name, the port or the key."""
    kinds = set()
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if (
                path.read_text().strip() == name
                and "\tZ " not in (path.parent / "status").read_text()
            ):
                kinds.add("process")
    for folder in ("/tmp", "/dev/shm", "/dev/mqueue", "/var/tmp", "/", ".", str(Path.home())):
        with contextlib.suppress(OSError):
            kinds |= {f"file in {folder}" for entry in os.listdir(folder) if name in entry}
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        with contextlib.suppress(OSError):
            local = [line.split()[1] for line in Path("/proc/net", kind).read_text().splitlines()]
            kinds |= {kind for address in local if address.endswith(f":{port:04X}")}
    if name in Path("/proc/net/unix").read_text():
        kinds.add("unix socket")
    for kind in ("shm", "sem", "msg"):
        rows = Path("/proc/sysvipc", kind).read_text().splitlines()[1:]
        kinds |= {f"SysV {kind}" for row in rows if int(row.split()[0]) == key}
    return kinds


@pytest.fixture
def names() -> tuple[str, int, int]:
    """A name, a port and a key that nobody else uses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return "left-" + secrets.token_hex(5), port, secrets.randbelow(1 << 30) + 1


def test_sandbox_leaves_no_traces_of_hostile_code(
    sandbox: Sandbox, names: tuple[str, int, int]
) -> None:
    outcome = sandbox.run(LEAVER, Program((Call("leave", names),)))
    assert isinstance(outcome, Answer), outcome
    (carried, _) = outcome.results[0]
    assert carried == names[0]  # else a process that stays would not be known again
    assert traces(*names) == set()


def test_sandbox_leaves_no_traces_however_code_ends(
    sandbox: Sandbox, names: tuple[str, int, int]
) -> None:
    """Those that are killed, exit, crash or flood, after they have tried the same."""
    endings = (
        "while True: pass",
        "os._exit(0)",
        "os.kill(0, 9)",
        "os.abort()",
        "ctypes.string_at(0)",
        "while True: os.write(3, b'A' * 65536)",
        "[bytearray(1 << 20) for _ in range(1 << 20)]",
    )
    for ending in endings:
        source = f"{LEAVER}\ndef f(*names):\n    leave(*names)\n    {ending}\n"
        sandbox.run(source, Program((Call("f", names),)))
        assert traces(*names) == set(), ending


def test_traces_finds_everything_left_without_a_sandbox(
    names: tuple[str, int, int], tmp_path: Path
) -> None:
    """Else the tests above would look for the wrong things."""
    code = (
        f"{LEAVER}\nimport json, sys\nprint(leave(*json.loads(sys.argv[1])), flush=True)\ninput()"
    )
    name, _, key = names
    free = subprocess.Popen(
        [sys.executable, "-c", code, json.dumps(names)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "HOME": str(tmp_path)},
        cwd=tmp_path,
        start_new_session=True,
    )
    try:
        assert free.stdout is not None
        assert free.stdout.readline().startswith(f"('{name}'".encode())
        remaining = traces(*names)
        assert {
            "process",
            "tcp",
            "udp",
            "unix socket",
            "SysV shm",
            "SysV sem",
            "SysV msg",
        } <= remaining
        assert {"file in /tmp", "file in /dev/shm"} <= remaining
    finally:
        free.kill()
        clear(name, key)
        free.communicate()  # after the last who holds its standard output
    assert traces(*names) == set()


def clear(name: str, key: int) -> None:
    """Takes away what the code without walls has left."""
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if path.read_text().strip() == name:
                os.kill(int(path.parent.name), signal.SIGKILL)
    for folder in ("/tmp", "/dev/shm", "/var/tmp"):
        for entry in os.listdir(folder):
            if name in entry:
                Path(folder, entry).unlink()
    libc = ctypes.CDLL(None)
    libc.shmctl(libc.shmget(key, 0, 0), 0, None)
    libc.semctl(libc.semget(key, 0, 0), 0, 0)
    libc.msgctl(libc.msgget(key, 0), 0, None)
    libc.mq_unlink(f"/{name}".encode())
    time.sleep(0.5)
