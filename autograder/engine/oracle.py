"""The reference, loaded in the trusted process only.

It runs the same programs as the worker, by the same code, and so says what a right answer is. No
process that runs a student's code can read it: the worker's list of readable files does not name
`instructor/`.
"""

import threading
from pathlib import Path
from types import ModuleType

from autograder.paths import REFERENCE, STAND_INS
from quantlab.protocol.calls import Answer, Code, Program
from quantlab.protocol.execute import load_module, run_program


class Oracle:
    """Answers of the reference solution; may be asked from several threads.

    Programs put stand-ins into the module they run on, so they have one of their own and run one
    after the other. `module`, for what is computed from data, never has anything replaced in it.
    """

    def __init__(self, path: Path = REFERENCE) -> None:
        self.source = path.read_text(encoding="utf-8")
        self.module: ModuleType = load_module(self.source, name="reference")
        self._for_programs = load_module(self.source, name="reference_for_programs")
        self._lock = threading.Lock()

    def answer(self, program: Program) -> Answer:
        """What the reference gives. An exception here is the grader's fault, not a student's."""
        with self._lock:
            return run_program(self._for_programs, program)

    def code(self, name: str) -> Code:
        """What stands in for the student's function `name` when one that leans on it is tried.

        It runs in the student's process, so it is no part of the reference: one plain function that
        helps nobody to write another.
        """
        return Code((STAND_INS / f"{name}.py").read_text(encoding="utf-8"), name)
