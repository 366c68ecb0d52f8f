"""The fresh process of a rehearsal: open saved models, import solution.py, run public checks.

`quantlab.rehearsal.fresh_process` starts this script with a folder that contains the files, and the
steps in JSON. Each step prints [kind, name] when it begins, and [kind, name, outcome, lines,
is_refused] after it. An import that fails ends the process. Models come before the first step that
imports solution.py, so that its code changes nothing there.
"""

import contextlib
import importlib
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TextIO

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this script has no package otherwise

import torch

from quantlab.errors import KitError, UnreadableModel
from quantlab.formats import packed_model, saved_model
from quantlab.formats.read_untrusted import read_saved_model
from quantlab.formats.submission_files import PACKED, SOLUTION, VARIABLE
from quantlab.protocol import compilers, memory_files
from quantlab.protocol.execute import load_with_settings
from quantlab.protocol.failure_reasons import Claim, failure_from
from quantlab.protocol.failures import failure_of, name_of
from quantlab.protocol.import_policy import confine_imports
from quantlab.protocol.public_checks import PublicCheck, load, questions
from quantlab.protocol.run_public_checks import RIGHT, WRONG, run_check
from quantlab.protocol.run_statements import find_statements_to_skip
from quantlab.rehearsal.refusals import refuse
from quantlab.rehearsal.steps import CHECK, IMPORT, REPAIR, Step, StepResult


def main(folder: Path, steps: list[Step]) -> None:
    """Run the steps in order and print a line before and after each."""
    replies = _take_output()
    os.chdir(folder)
    tempfile.tempdir = str(folder)
    confine_imports()
    torch.set_num_threads(1)
    checks = {check.id: check for question in questions() for check in load(question)}
    session = _Session(folder, checks)
    for step in steps:
        _say(replies, step)
        result = session.run(step)
        _say(replies, (*step, result.outcome, result.lines, result.is_refused))
        if step.kind == IMPORT and result.outcome != RIGHT:
            break
    os._exit(0)  # whatever solution.py left for the end of the process is not run


class _Session:
    def __init__(self, folder: Path, checks: dict[str, PublicCheck]) -> None:
        self._folder = folder
        self._checks = checks
        self._module: ModuleType | None = None
        self._settings: tuple[str, ...] = ()

    def run(self, step: Step) -> StepResult:
        """Return the result of one step; no exception of student code escapes."""
        try:
            if step.kind == IMPORT:
                self._solution()
                return StepResult(step, RIGHT, self._settings)
            if step.kind == REPAIR:
                skipped = find_statements_to_skip(self._confined_source())
                return StepResult(step, RIGHT, tuple(json.dumps(asdict(s)) for s in skipped))
            if step.kind == CHECK:
                outcome = run_check(self._checks[step.name], self._solution())
                return StepResult(step, outcome.outcome, outcome.lines, outcome.is_refused)
            return _open_model(step, (self._folder / step.name).read_bytes())
        except BaseException as error:
            return StepResult(step, WRONG, (failure_of(error).message,))

    def _solution(self) -> ModuleType:
        """Return the student's module."""
        if self._module is None:
            source = self._confined_source()
            self._module, self._settings = load_with_settings(source, "solution")
        return self._module

    def _confined_source(self) -> str:
        """Return the text of solution.py; refuse from now on what the grader refuses."""
        source = (self._folder / SOLUTION).read_text(encoding="utf-8")
        if "matplotlib" in source:  # it reads its list of fonts when it is imported
            with contextlib.suppress(Exception):
                importlib.import_module("matplotlib.pyplot")
        compilers.switch_off()
        refuse(self._folder)
        if sys.platform == "linux":  # elsewhere files may be written in `self._folder`
            memory_files.install()
        return source


def _open_model(step: Step, content: bytes) -> StepResult:
    """Return whether the grader could evaluate this model, with its notes or the problem."""
    try:
        notes = _read_model(step.name, content)
    except UnreadableModel as error:
        problem = failure_from(Claim("model_unreadable", str(error))).message
    except KitError as error:
        problem = str(error)
    except MemoryError:
        problem = failure_from(Claim("model_memory")).message
    except Exception as error:  # torch meets a kind of tensor that it cannot copy
        problem = failure_from(Claim("model_odd", exception=name_of(error))).message
    else:
        return StepResult(step, RIGHT, (f"{step.name}: {'; '.join(notes)}.",) if notes else ())
    return StepResult(step, WRONG, (problem,))


def _read_model(name: str, content: bytes) -> tuple[str, ...]:
    """Return what was removed around a model. Raise what the grader would."""
    values = read_saved_model(content)
    if name == PACKED:
        packed_model.parse(values)
        return ()
    if name == VARIABLE:
        unwrapped = saved_model.unwrap_float(values)
        saved_model.parse_float(unwrapped.values)
    else:
        unwrapped = saved_model.unwrap_quantized(values)
        saved_model.parse(unwrapped.values, *saved_model.parse_name(name))
    return unwrapped.notes


def _take_output() -> TextIO:
    """Return the standard output for replies; what student code prints goes nowhere."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nothing, descriptor)
    return replies


def _say(replies: TextIO, line: object) -> None:
    replies.write(json.dumps(line) + "\n")
    replies.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Step(*step) for step in json.loads(sys.argv[2])])
