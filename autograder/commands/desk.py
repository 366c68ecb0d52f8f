"""The command `desk`: grade the written answers of a class in the browser."""

import getpass
import os
import socket
import sys
import webbrowser
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course.class_folder import open_class
from autograder.course.published_class import read_published_class
from autograder.desk.blind import Share
from autograder.errors import AutograderError
from autograder.exit_status import DONE, USAGE
from autograder.sandbox.relaxed_gc import relaxed_gc
from quantlab.atomic_files import write_atomically

if TYPE_CHECKING:
    from autograder.desk.class_desk import ClassDesk

LOOPBACK = "127.0.0.1"


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


def _serve(class_desk: "ClassDesk", options: DeskCommandOptions) -> int:
    import uvicorn

    from autograder.desk.gate import Gate
    from autograder.desk.server import desk_app

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, options.port))
        except OSError as error:
            print(
                f"Port {options.port} can't be used: {error.strerror}. Choose another with --port.",
                file=sys.stderr,
            )
            return USAGE
        gate = Gate(listener.getsockname()[1])
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
            webbrowser.open(gate.address)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    read = sum(progress.read for progress in class_desk.progress())
    total = sum(progress.total for progress in class_desk.progress())
    print(
        f"\n{read} of {total} answers are read. Run the same batch command to publish the points."
    )
    sys.stdout.flush()
    os._exit(DONE)  # a document may still be read in a thread; every click is already stored
