"""Load the reference solution, in the trusted process only.

It runs the same programs as the worker with the same code, and so defines the correct answers. No
process that runs student code can read it: the worker's list of readable files does not contain
`instructor/`.
"""

import threading
from pathlib import Path
from types import ModuleType

from autograder.paths import REFERENCE, STAND_INS
from quantlab.protocol.calls import Answer, Code, Program
from quantlab.protocol.execute import load_module, run_program


class Oracle:
    """Answer programs with the reference solution. Safe to share between threads.

    Programs put stand-ins into the module they run on, so they use a module of their own, one at a
    time. `module` is for direct computations and never changes.
    """

    def __init__(self, path: Path = REFERENCE) -> None:
        """Load the reference solution at `path`."""
        self.source = path.read_text(encoding="utf-8")
        self.module: ModuleType = load_module(self.source, name="reference")
        self._for_programs = load_module(self.source, name="reference_for_programs")
        self._lock = threading.Lock()

    def answer(self, program: Program) -> Answer:
        """Return the reference's answer. An exception here is a grader fault."""
        with self._lock:
            return run_program(self._for_programs, program)

    def code(self, name: str) -> Code:
        """Return the stand-in for the student's function `name`.

        It runs in the student's process, so it is not part of the reference: one plain function
        that does not help to write another.
        """
        return Code((STAND_INS / f"{name}.py").read_text(encoding="utf-8"), name)
