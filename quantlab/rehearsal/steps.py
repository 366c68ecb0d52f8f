"""The steps that the fresh process of a rehearsal takes, and their results, as plain data."""

from dataclasses import dataclass
from typing import NamedTuple

READY, MODEL, IMPORT, REPAIR, CHECK = "ready", "model", "import", "repair", "check"
LOST = "lost"  # the outcome of a step in which the process crashed, ended or took too long


class Step(NamedTuple):
    """One step: its kind, and the name of the model or the id of the check, if it has one."""

    kind: str
    name: str = ""


@dataclass(frozen=True)
class StepResult:
    """The result of one step.

    Attributes:
        step: The step.
        outcome: `RIGHT`, `WRONG` or `MISSING` of `quantlab.protocol.run_public_checks`, or `LOST`.
        lines: Why it is not right. Else notes on a model, the settings that an import changed, or
            the statements to skip, each as JSON.
        is_refused: Whether the code asked for a file, the network or a program and was refused.
    """

    step: Step
    outcome: str
    lines: tuple[str, ...] = ()
    is_refused: bool = False
