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
from pathlib import Path
from types import ModuleType
from typing import TextIO

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this script has no package otherwise

import torch

from quantlab.errors import KitError, UnreadableModel
from quantlab.formats import packed_model, saved_model
from quantlab.formats.read_untrusted import read_saved_model
from quantlab.formats.submission_files import PACKED, SOLUTION, VARIABLE
from quantlab.protocol.execute import load_module
from quantlab.protocol.failure_reasons import Claim, failure_from
from quantlab.protocol.failures import failure_of, name_of
from quantlab.protocol.import_policy import confine_imports
from quantlab.protocol.public_checks import PublicCheck, load, questions
from quantlab.protocol.run_public_checks import RIGHT, WRONG, run_check
from quantlab.rehearsal.refusals import refuse
from quantlab.rehearsal.steps import CHECK, IMPORT, Step, StepResult


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

    def run(self, step: Step) -> StepResult:
        """Return the result of one step; no exception of student code escapes."""
        try:
            if step.kind == IMPORT:
                self._solution()
                return StepResult(step, RIGHT)
            if step.kind == CHECK:
                outcome = run_check(self._checks[step.name], self._solution())
                return StepResult(step, outcome.outcome, outcome.lines, outcome.is_refused)
            problem = _model_problem(step.name, (self._folder / step.name).read_bytes())
            return StepResult(step, WRONG if problem else RIGHT, (problem,) if problem else ())
        except BaseException as error:
            return StepResult(step, WRONG, (failure_of(error).message,))

    def _solution(self) -> ModuleType:
        """Return the student's module; refuse what the grader refuses before it is imported."""
        if self._module is None:
            source = (self._folder / SOLUTION).read_text(encoding="utf-8")
            if "matplotlib" in source:  # it reads its list of fonts when it is imported
                with contextlib.suppress(Exception):
                    importlib.import_module("matplotlib.pyplot")
            refuse(self._folder)
            self._module = load_module(source)
        return self._module


def _model_problem(name: str, content: bytes) -> str:
    """Return why the grader could not evaluate this model, "" if it could."""
    try:
        values = read_saved_model(content)
        if name == PACKED:
            packed_model.parse(values)
        elif name == VARIABLE:
            saved_model.parse_float(values)
        else:
            saved_model.parse(values, *saved_model.parse_name(name))
    except UnreadableModel as error:
        return failure_from(Claim("model_unreadable", str(error))).message
    except KitError as error:
        return str(error)
    except MemoryError:
        return failure_from(Claim("model_memory")).message
    except Exception as error:  # torch meets a kind of tensor that it cannot copy
        return failure_from(Claim("model_odd", exception=name_of(error))).message
    return ""


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
