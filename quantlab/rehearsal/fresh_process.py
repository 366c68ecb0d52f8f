"""Run the steps of a rehearsal in a fresh process, and survive what student code does there.

A process that crashes, ends or does not answer in time costs the step that it was in. The steps
after it run in another process.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from quantlab.errors import CannotRehearse
from quantlab.protocol.run_public_checks import RIGHT
from quantlab.rehearsal.steps import CHECK, IMPORT, LOST, MODEL, READY, REPAIR, Step, StepResult

_PROBE = Path(__file__).with_name("probe.py")
_SECONDS = {
    READY: 180.0,
    MODEL: 60.0,
    IMPORT: 30.0,
    REPAIR: 30.0,
    CHECK: 30.0,
}  # of the clock; as the grader's
_MOST_PROCESSES = 3  # further steps are not taken when so many were lost
_FLAGS = ("-P", "-B", "-X", "utf8")  # as the grader's worker: nothing comes from the current folder
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
_NOT_TAKEN = "Not tried: the steps before it took too long or ended Python."

OnBegin = Callable[[Step], None]


def run_steps(folder: Path, steps: Sequence[Step], on_begin: OnBegin) -> list[StepResult]:
    """Return the results of `steps` on the files in `folder`, up to an import that fails.

    `on_begin` is called with each step before it runs.

    Raises:
        CannotRehearse: A fresh Python process does not start.
    """
    results: list[StepResult] = []
    for _ in range(_MOST_PROCESSES):
        if len(results) == len(steps) or _import_failed(results):
            return results
        with _Probe(folder, steps[len(results) :]) as probe:
            results += probe.results(on_begin)
            if len(results) < len(steps) and not _import_failed(results):
                results.append(StepResult(steps[len(results)], LOST, (probe.reason(),)))
    if _import_failed(results):
        return results
    return results + [StepResult(step, LOST, (_NOT_TAKEN,)) for step in steps[len(results) :]]


def _import_failed(results: Sequence[StepResult]) -> bool:
    return any(result.step.kind == IMPORT and result.outcome != RIGHT for result in results)


class _Probe:
    """The fresh process; it ends with the `with` block."""

    def __init__(self, folder: Path, steps: Sequence[Step]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *_FLAGS, str(_PROBE), str(folder), json.dumps(steps)],
            env=os.environ | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._current = Step(READY)
        self._is_late = False
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> "_Probe":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def results(self, on_begin: OnBegin) -> Iterator[StepResult]:
        """Yield results until the process ends or a step takes too long."""
        complaint = "it gives no reason."
        while line := self._next_line():
            if self._current.kind == READY and not line.startswith(b"["):
                complaint = line.decode("utf-8", "replace").strip() or complaint
                continue
            kind, name, *rest = json.loads(line)
            self._current = Step(kind, name)
            if rest:
                outcome, lines, is_refused = rest
                yield StepResult(self._current, outcome, tuple(lines), is_refused)
            else:
                on_begin(self._current)
        if self._current.kind == READY:
            raise CannotRehearse(f"A fresh Python process did not start: {complaint}")

    def reason(self) -> str:
        """Return the sentence that says how the process was lost."""
        if self._is_late:
            return f"It did not end within {_SECONDS[self._current.kind]:.0f} seconds."
        status = self._process.wait()
        return "It ends the program." if status >= 0 else f"It crashes Python (signal {-status})."

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._lines.put(line)
        self._lines.put(b"")

    def _next_line(self) -> bytes:
        """Return the next line; b"" at the end, or when the step takes too long."""
        try:
            return self._lines.get(timeout=_SECONDS[self._current.kind])
        except queue.Empty:
            self._is_late = True
            return b""
