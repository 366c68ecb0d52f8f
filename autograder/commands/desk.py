"""The command `desk`: grade the written answers of a class in the browser."""

import errno
import getpass
import os
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course.class_folder import JOURNAL, open_class
from autograder.course.published_class import read_published_class
from autograder.desk.blind import Share
from autograder.errors import AutograderError
from autograder.exit_status import DONE, USAGE
from autograder.sandbox.relaxed_gc import relaxed_gc
from quantlab.atomic_files import write_atomically

if TYPE_CHECKING:
    from autograder.desk.class_desk import ClassDesk

LOOPBACK, LOOPBACK_6 = "127.0.0.1", "::1"
_PORT_TRIES = 20


@dataclass(frozen=True)
class DeskCommandOptions:
    """Hold the options of `desk`: see its help. `port` 0 is any free one."""

    out: Path
    share: Share
    export: Path | None = None
    grader: str = ""
    port: int = 0
    no_browser: bool = False
    copy: Path | None = None
    seed: int = 0
    second_percent: float = 10.0


def desk(options: DeskCommandOptions) -> int:
    """Serve the desk until Ctrl-C, or write a copy. Return the exit status."""
    try:
        with open_class(options.out):  # a batch that runs is reported now, not at the first click
            pass
        return _desk(options)
    except (AutograderError, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    except ModuleNotFoundError as missing:
        print(
            f"The desk needs {missing.name}, which is not installed: pip install -e '.[desk]'.",
            file=sys.stderr,
        )
        return USAGE


def _desk(options: DeskCommandOptions) -> int:
    with relaxed_gc():
        from autograder.desk.class_desk import ClassDesk, DeskOptions
        from autograder.desk.reader import open_reader

    wanted = DeskOptions(
        grader=options.grader or getpass.getuser(),
        share=options.share,
        seed=options.seed,
        second_percent=options.second_percent,
    )
    published = read_published_class(options.out)
    with open_reader(options.out, published, options.export) as reader:
        class_desk = ClassDesk(options.out, published, reader, wanted)
        if not class_desk.questions:
            print(f"{options.out} has no written answers.", file=sys.stderr)
            return USAGE
        if options.copy is not None:
            return _write_copy(class_desk, options.copy)
        return _serve(class_desk, options)


def _write_copy(class_desk: "ClassDesk", path: Path) -> int:
    from autograder.desk.copy import copy_page

    text = copy_page(class_desk).encode("utf-8")
    try:
        write_atomically(path, lambda stream: stream.write(text), mode=0o600)
    except OSError as error:
        print(f"{path} can't be written: {error.strerror}.", file=sys.stderr)
        return USAGE
    print(f"The written answers, read-only and for staff: {path}")
    return DONE


def open_listeners(stack: ExitStack, port: int) -> list[socket.socket]:
    """Return sockets on the same port of each loopback address. Raise `OSError`.

    Browsers look for the desk at both addresses, so another user must not have one of them.
    """
    tries = 1 if port else _PORT_TRIES
    while True:
        tries -= 1
        with ExitStack() as attempt:
            sockets = [_listener(attempt, socket.AF_INET, LOOPBACK, port)]
            number = sockets[0].getsockname()[1]
            try:
                sockets.append(_listener(attempt, socket.AF_INET6, LOOPBACK_6, number))
            except OSError as error:  # others say that this machine has no IPv6
                if error.errno == errno.EADDRINUSE:
                    if tries:
                        continue
                    raise
            stack.push(attempt.pop_all())
            return sockets


def _listener(stack: ExitStack, family: int, address: str, port: int) -> socket.socket:
    listener = stack.enter_context(socket.socket(family))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen()
    return listener


@contextmanager
def open_browser(address: str, folder: Path) -> Iterator[None]:
    """Open an address in the browser by a private file, which is removed afterwards.

    Other users can read the arguments of a process, but not this file.
    """
    page = f'<!doctype html><meta http-equiv="refresh" content="0; url={escape(address)}">\n'
    descriptor, name = tempfile.mkstemp(".html", "open-", folder)  # mode 0600
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(page)
        webbrowser.open(Path(name).resolve().as_uri())
        yield
    finally:
        Path(name).unlink(missing_ok=True)


def _serve(class_desk: "ClassDesk", options: DeskCommandOptions) -> int:
    import uvicorn

    from autograder.desk.gate import Gate
    from autograder.desk.server import desk_app

    with ExitStack() as stack:
        try:
            listeners = open_listeners(stack, options.port)
        except OSError as error:
            print(
                f"Port {options.port} can't be used: {error.strerror}. Choose another with --port.",
                file=sys.stderr,
            )
            return USAGE
        gate = Gate(listeners[0].getsockname()[1])
        config = uvicorn.Config(
            desk_app(class_desk, gate),
            access_log=False,
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        print(f"The grading desk, for one browser: {gate.address}", flush=True)
        print("End it with Ctrl-C.", flush=True)
        if not options.no_browser:
            stack.enter_context(open_browser(gate.address, options.out / JOURNAL))
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=listeners)
    read = sum(progress.read for progress in class_desk.progress())
    total = sum(progress.total for progress in class_desk.progress())
    print(
        f"\n{read} of {total} answers are read. Run the same batch command to publish the points."
    )
    sys.stdout.flush()
    os._exit(DONE)  # a document may still be read in a thread; every click is already stored
