"""What runs a student's code for a check, whatever stands between."""

from collections.abc import Mapping
from typing import Any, Protocol

from quantlab.protocol.calls import Answer, Failure, Program


class Executor(Protocol):
    """Runs a student's code behind a wall: a `Sandbox`, or what a test puts in its place."""

    @property
    def isolation(self) -> str: ...

    def import_source(self, source: str) -> Failure | None: ...

    def run(self, source: str, program: Program) -> Answer | Failure: ...

    def read_checkpoint(self, content: bytes) -> Mapping[str, Any] | Failure: ...
