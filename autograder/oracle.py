"""The reference, loaded in the trusted process only.

It runs the same programs as the worker, by the same code, and so says what a right answer is. No
process that runs a student's code can read it: the worker's list of readable files does not name
`instructor/`.
"""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from autograder.sandbox.calls import Answer, Program
from autograder.sandbox.execute import load_module, run_program

REFERENCE = Path(__file__).resolve().parent.parent / "instructor" / "solution.py"


@dataclass(frozen=True)
class Oracle:
    """Answers of the reference solution; `module` is it, for what is computed from data."""

    module: ModuleType

    @staticmethod
    def load(path: Path = REFERENCE) -> "Oracle":
        return Oracle(load_module(path.read_text(encoding="utf-8"), name="reference"))

    def answer(self, program: Program) -> Answer:
        """What the reference gives. An exception here is the grader's fault, not a student's."""
        return run_program(self.module, program)
