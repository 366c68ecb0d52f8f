"""Define what runs a student's code for a check."""

from collections.abc import Mapping
from typing import Any, Protocol

from quantlab.protocol.calls import Answer, Failure, Program
from quantlab.protocol.repair import Imported


class Executor(Protocol):
    """Run a student's code in isolation: a `Sandbox`, or a test's replacement."""

    @property
    def isolation(self) -> str:
        """Return how the code is isolated, as reports show it."""

    def import_source(self, source: str) -> Imported:
        """Import a solution.py; without the statements that fail, if it fails."""

    def run(self, source: str, program: Program) -> Answer | Failure:
        """Run a program on a solution.py."""

    def read_checkpoint(self, content: bytes) -> Mapping[str, Any] | Failure:
        """Return the values of a saved model's bytes."""
