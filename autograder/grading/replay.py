"""Replay a check in full for staff: its calls, its results and the expected values.

The inputs are drawn again from the course secret and the code runs again, so the output shows
exactly what was graded.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.base import Evidence
from autograder.checks.call import CallCheck, call_text
from quantlab.atomic_files import write_atomically
from quantlab.protocol.calls import Answer, Failure, Program
from quantlab.protocol.comparison import describe

WHOLE = 200  # values of an array that are shown without leaving any out


@dataclass(frozen=True)
class Replay:
    """Hold one run of a check's program: by the student's code and by the reference.

    `got` is a Failure if the student's code returned no answer.
    """

    program: Program
    got: Answer | Failure
    expected: Answer

    def lines(self) -> Iterator[str]:
        """Yield every input, then every call with its expected and returned values."""
        for name, array in self.program.inputs.items():
            yield f"{name} = {_whole(array)}"
        for number, call in enumerate(self.program.calls):
            yield f"call {number + 1}: {call_text(call)}"
            if call.cotangent is not None:
                yield f"gradient of the result: {_whole(call.cotangent)}"
            yield f"expected: {_whole(self.expected.results[number])}"
            for name, gradient in self.expected.gradients[number].items():
                yield f"expected gradient of {name}: {_whole(gradient)}"
            if isinstance(self.got, Answer):
                yield f"got: {_whole(self.got.results[number])}"
                for name, gradient in self.got.gradients[number].items():
                    yield f"got as gradient of {name}: {_whole(gradient)}"
        if isinstance(self.got, Failure):
            yield f"got: {self.got.message}"

    def save(self, path: Path) -> None:
        """Write every array into a .npz file.

        Inputs keep their names; results are called "call1 expected", "call1 got" and so on.
        """
        arrays: dict[str, Any] = dict(self.program.inputs)
        answers = {"expected": self.expected}
        if isinstance(self.got, Answer):
            answers["got"] = self.got
        for side, answer in answers.items():
            for number, result in enumerate(answer.results, 1):
                arrays |= _arrays(f"call{number} {side}", result)
            for number, gradients in enumerate(answer.gradients, 1):
                arrays |= _arrays(f"call{number} {side} gradient", dict(gradients))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda stream: np.savez_compressed(stream, **arrays))


def replay(check: CallCheck, evidence: Evidence) -> Replay | None:
    """Run a check again; return None if there is no solution.py that can run."""
    source = evidence.solution()
    if not isinstance(source, str):
        return None
    program = check.build_program(evidence)
    return Replay(program, evidence.executor.run(source, program), evidence.oracle.answer(program))


def _whole(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        threshold = sys.maxsize if value.size <= WHOLE else 0
        edges = 3 if value.ndim <= 2 else 1  # values at each end of a dimension that is cut
        return f"{value.dtype} {value.shape}\n" + np.array2string(
            value, threshold=threshold, edgeitems=edges, max_line_width=96, precision=9
        )
    return describe(value)


def _arrays(name: str, value: Any) -> dict[str, np.ndarray]:
    if isinstance(value, np.ndarray | int | float):
        return {name: np.asarray(value)}
    if isinstance(value, tuple | list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return {}
    parts = (_arrays(f"{name} {key}", part) for key, part in value.items())
    return {key: array for part in parts for key, array in part.items()}
