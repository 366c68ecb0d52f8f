"""Run the kit's own correct submissions with other instructions or another number of threads.

`OtherCpuExecutor` runs a second Python process without a sandbox, because torch reads the variables
that choose its kernels only when it starts. No student code runs here.
"""

import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Any

from autograder.sandbox.limits import Limits
from autograder.sandbox.messages import (
    RunRequest,
    pack_answer,
    pack_claim,
    pack_run,
    read_answer,
    unpack_request,
)
from quantlab.protocol.calls import Answer, Failure, Program
from quantlab.protocol.execute import load_module, run_program
from quantlab.protocol.failures import claim_of
from quantlab.protocol.repair import Imported

SETTINGS: Mapping[str, Mapping[str, str]] = {
    " without vector instructions": {"ATEN_CPU_CAPABILITY": "default"},
    " with AVX2": {"ATEN_CPU_CAPABILITY": "avx2"},
    " with two threads": {"OMP_NUM_THREADS": "2"},
}
_LENGTH = struct.Struct("<Q")


class OtherCpuExecutor:
    """Run programs in a process with other settings; a context manager that ends the process."""

    isolation = "another process, without a sandbox"

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Keep the environment variables to add."""
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "OtherCpuExecutor":
        """Start the process."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1", **self._environment},
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def import_source(self, source: str) -> Imported:
        """Return the source: the kit's own code imports."""
        return Imported(source)

    def run(self, source: str, program: Program) -> Answer | Failure:
        """Return what the process answers."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        _write(self._process.stdin, pack_run(source, program))
        return read_answer(_read(self._process.stdout), program, Limits.reply)

    def read_checkpoint(self, content: bytes) -> Mapping[str, Any] | Failure:
        """Return a failure: models are not opened here."""
        return Failure("error", "models are not opened here")


def _write(stream: IO[bytes], frame: bytes) -> None:
    stream.write(_LENGTH.pack(len(frame)) + frame)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes:
    head = stream.read(_LENGTH.size)
    return stream.read(_LENGTH.unpack(head)[0]) if head else b""


def main() -> None:
    """Answer requests until the input ends."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a solution prints is not an answer
    while frame := _read(requests):
        request = unpack_request(frame)
        assert isinstance(request, RunRequest)
        try:
            module = load_module(bytes(request.source).decode("utf-8"))
            reply = pack_answer(run_program(module, request.program))
        except Exception as error:
            reply = pack_claim(claim_of(error, request.program.target))
        _write(answers, reply)


if __name__ == "__main__":
    main()
