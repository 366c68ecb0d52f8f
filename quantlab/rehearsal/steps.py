"""The steps that the fresh process of a rehearsal takes, and their results, as plain data."""

from dataclasses import dataclass
from typing import NamedTuple

READY, MODEL, IMPORT, CHECK = "ready", "model", "import", "check"


class Step(NamedTuple):
    """One step: its kind, and the name of the model or the id of the check, if it has one."""

    kind: str
    name: str = ""


@dataclass(frozen=True)
class StepResult:
    """The result of one step.

    Attributes:
        step: The step.
        outcome: `RIGHT`, `WRONG` or `MISSING` of `quantlab.protocol.run_public_checks`.
        lines: Why it is not right.
        is_refused: Whether the code asked for a file, the network or a program and was refused.
    """

    step: Step
    outcome: str
    lines: tuple[str, ...] = ()
    is_refused: bool = False
