"""Serve jobs in a process that imports torch once and forks for every check.

The parent process reads nothing that students send: it passes three file descriptors to a fresh
fork, so nothing of one submission is in memory when the next one runs. It has one thread only: a
fork copies no other thread, and the locks of those would stay closed.

The fork confines itself first, reports that with one byte, and only then reads the request and runs
the student's code. Nothing it does to Python outlives it. If confinement fails, it ends without
that byte.
"""

import contextlib
import fcntl
import gc
import itertools
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch

from autograder.sandbox import (
    host_callbacks,
    limits,
    linux_calls,
    seccomp,
    thread_limit,
)
from autograder.sandbox.document_text import document_reply
from autograder.sandbox.huge_pages import collapse_memory
from autograder.sandbox.landlock import Readable, Ruleset
from autograder.sandbox.limits import Limits
from autograder.sandbox.messages import (
    CONFINED,
    CheckpointRequest,
    DocumentRequest,
    ImportRequest,
    RunRequest,
    pack_answer,
    pack_checkpoint_values,
    pack_claim,
    pack_settings,
    pack_skipped,
    unpack_request,
)
from autograder.sandbox.readable_files import readable_files
from autograder.sandbox.thread_limit import ThreadLimit
from autograder.sandbox.warm_up import warm_up
from quantlab.errors import UnreadableModel
from quantlab.formats.read_untrusted import read_saved_model
from quantlab.protocol import compilers, memory_files
from quantlab.protocol.execute import load_module, load_with_settings, run_program
from quantlab.protocol.failure_reasons import Claim
from quantlab.protocol.failures import claim_of, name_of
from quantlab.protocol.import_policy import confine_imports
from quantlab.protocol.run_statements import find_statements_to_skip
from quantlab.protocol.wire import PREFIX, WireError, lengths

_REPLY, _REQUEST = 3, 4  # behind standard input, output and error
_MESSAGE = 4096  # bytes of a control message at most
_JOBS_BEFORE_HUGE_PAGES = 8  # gathering takes up to a second: the first check does not wait for it
_LARGEST = 1 << 20  # bytes read at a time

# Taken before any student's code runs: later changes to the os module do not reach these.
_write, _exit = os.write, os._exit
_one_question = threading.Lock()  # students may ask from threads of their own


@dataclass(frozen=True)
class Confinement:
    """Hold what a fork closes before it reads its request."""

    limits: Limits
    address_space: int
    threads: int
    readable: Readable | None  # None: without Landlock
    seccomp: bool

    def ruleset(self) -> Ruleset | None:
        """Return what the next fork needs to close its files; created ahead, as it is slow."""
        return None if self.readable is None else Ruleset(self.readable)

    def close(
        self, cpu_seconds: int, parent: int, ruleset: Ruleset | None, listener: socket.socket
    ) -> None:
        """Confine this process, for good. Raise `OSError` if a layer fails.

        `listener` is the connection to the parent's `ThreadLimit`.
        """
        os.setpgid(0, 0)
        linux_calls.die_with_parent()
        if os.getppid() != parent:  # it died before the line above
            _exit(1)
        linux_calls.drop_capabilities()
        linux_calls.forgo_new_privileges()
        counted = self.seccomp and thread_limit.install(listener)
        threads = None if counted else self.threads
        limits.apply(self.limits, cpu_seconds, self.address_space, threads)
        if ruleset is not None:
            ruleset.confine()
        if self.seccomp:
            seccomp.restrict()


def arithmetic() -> dict[str, str]:
    """Return torch's version and the CPU instructions that this process computes with."""
    return {"torch": torch.__version__, "cpu": torch.backends.cpu.get_cpu_capability()}


def prepare(wanted: Mapping[str, Any]) -> Confinement:
    """Import all that checks need, once for all forks; return how forks are confined.

    `wanted` holds the limits, the layers, and how many threads the user may run. Raise
    `RuntimeError` if forks of this process would not be safe.
    """
    linux_calls.hide_memory()
    confine_imports()
    torch.set_num_threads(1)
    compilers.switch_off()
    warm_up()
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"the worker has {threads} threads before its first fork")
    allowed = Limits(**wanted["limits"])
    confinement = Confinement(
        limits=allowed,
        address_space=limits.address_space_in_use() + allowed.memory,
        threads=wanted["threads"],
        readable=readable_files() if wanted["landlock"] else None,
        seccomp=wanted["seccomp"],
    )
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page it touches
    return confinement


# The parent ---------------------------------------------------------------------------------------


def serve(control: socket.socket, confinement: Confinement) -> None:
    """Fork for every job that arrives, until the host closes its end."""
    parent = os.getpid()
    ruleset = confinement.ruleset()
    for jobs in itertools.count():
        if jobs == _JOBS_BEFORE_HUGE_PAGES:
            collapse_memory()
        message, descriptors, _, _ = socket.recv_fds(control, _MESSAGE, 3)
        if not message:  # the host has gone
            return
        if len(descriptors) != 3:  # "abort", for a fork that had ended meanwhile
            continue
        job = json.loads(message)
        ours, theirs = socket.socketpair()
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            control.close()
            ours.close()
            _check(confinement, parent, job["cpu_seconds"], descriptors, ruleset, theirs)
        theirs.close()
        for descriptor in descriptors:
            os.close(descriptor)
        threads = ThreadLimit(child, confinement.limits.threads, ours)
        stopped = _wait(child, control, begun + job["wall_seconds"], threads)
        waited = _waited_seconds(child) if stopped else 0.0
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                kill(child, signal.SIGKILL)
        _, status, used = os.wait4(child, 0)
        ended = {
            "stopped": stopped,
            "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "wall_seconds": time.monotonic() - begun,
            "waited_seconds": waited,
        }
        threads.close()
        control.send(json.dumps(ended).encode())
        if ruleset is not None:
            ruleset.close()  # the fork has added itself to it
            ruleset = confinement.ruleset()


def _wait(child: int, control: socket.socket, deadline: float, threads: ThreadLimit) -> str | None:
    """Wait for the child; return None, "deadline", or "abort" if the host spoke or closed.

    Meanwhile the child's requests for threads are answered.
    """
    watched = os.pidfd_open(child)
    try:
        events = select.poll()
        events.register(watched, select.POLLIN)
        events.register(control, select.POLLIN)
        events.register(threads.waits_on, select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            happened = dict(events.poll(max(left, 0) * 1000))
            if watched in happened:
                return None
            if control.fileno() in happened:
                return "abort"
            if left <= 0:
                return "deadline"
            if happened:
                # Without a request, older kernels would have `serve` wait for one.
                asked = happened[threads.waits_on] & select.POLLIN
                events.unregister(threads.waits_on)
                if asked and threads.serve():
                    events.register(threads.waits_on, select.POLLIN)
    finally:
        os.close(watched)


def _waited_seconds(child: int) -> float:
    """Return how long `child` was ready to run without a processor."""
    try:
        return int(Path(f"/proc/{child}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):  # a kernel without scheduler statistics
        return 0.0


# The fork -----------------------------------------------------------------------------------------


def _check(
    confinement: Confinement,
    parent: int,
    cpu_seconds: int,
    descriptors: list[int],
    ruleset: Ruleset | None,
    listener: socket.socket,
) -> NoReturn:
    try:
        confinement.close(cpu_seconds, parent, ruleset, listener)
        _arrange_descriptors(*descriptors)
        _send(CONFINED)
        _send(_answer())
        _exit(0)
    finally:
        _exit(1)  # also when the code above was tampered with


def _arrange_descriptors(request: int, reply: int, output: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    # First out of the way of each other, then to the numbers they are known by.
    sources = [fcntl.fcntl(d, fcntl.F_DUPFD, 16) for d in (nothing, output, output, reply, request)]
    for number, source in enumerate(sources):
        os.dup2(source, number)
    os.closerange(len(sources), 4096)


def _answer() -> bytes:
    """Return the reply to the waiting request; no exception of student code escapes."""
    try:
        request = unpack_request(_read_request())
    except MemoryError:
        return pack_claim(Claim("model_too_large"))
    target = ""
    try:
        if not isinstance(request, RunRequest) or not host_callbacks.are_in(request.program):
            os.close(_REQUEST)
        if isinstance(request, CheckpointRequest | DocumentRequest):
            return _file(request)
        memory_files.install()
        source = request.source.tobytes().decode("utf-8")
        if isinstance(request, ImportRequest):
            return _import(source, request.by_statement)
        module = load_module(source)
        target = request.program.target
        return pack_answer(run_program(module, host_callbacks.asking(request.program, _exchange)))
    except WireError as error:
        return pack_claim(Claim("unsent", str(error)))
    except BaseException as error:
        return pack_claim(claim_of(error, target))


def _import(source: str, by_statement: bool) -> bytes:
    if by_statement:
        return pack_skipped(find_statements_to_skip(source))
    return pack_settings(load_with_settings(source, "solution")[1])


def _file(request: CheckpointRequest | DocumentRequest) -> bytes:
    content = request.content.tobytes()
    if isinstance(request, DocumentRequest):
        return document_reply(request.kind, content)
    return _saved_model(content)


def _saved_model(content: bytes) -> bytes:
    try:
        return pack_checkpoint_values(read_saved_model(content, Limits.reply))
    except UnreadableModel as error:
        return pack_claim(Claim("model_unreadable", str(error)))
    except MemoryError:
        return pack_claim(Claim("model_memory"))
    except Exception as error:  # torch meets a kind of tensor that it cannot copy
        return pack_claim(Claim("model_odd", exception=name_of(error)))


def _read_request() -> bytes:
    """Return one frame, without the answers to callbacks that follow it."""
    prefix = _read_exactly(PREFIX.size)
    return prefix + _read_exactly(sum(lengths(prefix, sys.maxsize)))


def _read_exactly(size: int) -> bytes:
    parts = []
    while size and (part := os.read(_REQUEST, min(size, _LARGEST))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _exchange(line: bytes) -> bytes:
    """Send a callback and return the line that answers it."""
    with _one_question:
        _send(line)
        answer = b""
        while not answer.endswith(host_callbacks.END):
            part = os.read(_REQUEST, host_callbacks.LONGEST)
            if not part:  # the host has gone
                _exit(1)
            answer += part
        return answer


def _send(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[_write(_REPLY, rest) :]
