"""What a check asked, what came back and what should have: in full, for staff who explain a mark.

The inputs are drawn again from the course secret and the code is run again, so what is shown is
exactly what was marked.
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
    """One run of a check's program on the student's code (a Failure if none came) and on ours."""

    program: Program
    got: Answer | Failure
    expected: Answer

    def lines(self) -> Iterator[str]:
        """Every input, then every call with what was expected and what came."""
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
        """Every array, in a .npz file: inputs by their names, "call1 expected", "call1 got"."""
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
    """None where there is no solution.py that could be run."""
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
