"""Proof that the student bundle works where nothing else is: a folder, Python and its packages.

The programs below run in a process of their own, in a copy of the bundle, with an environment that
knows nothing of the kit. Complaints are sentences; no complaint means that the proof holds.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from authoring.release.bundle import Bundle

SECONDS = 300  # for one program; importing torch on a busy machine takes up to a minute

_IMPORTS = """
import importlib, pathlib
for path in sorted(pathlib.Path("quantlab").rglob("*.py")):
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    place = pathlib.Path(module.__file__).resolve()
    assert place == path.resolve(), f"{name} was imported from {place}"
from quantlab.formats.saved_model import load_float
for path in sorted(pathlib.Path("checkpoints").glob("*.pt")):
    load_float(path)
"""
_STUB = """
import inspect, solution
functions = [f for n, f in inspect.getmembers(solution, inspect.isfunction)
             if f.__module__ == "solution"]
assert functions, "solution.py has no function"
for function in functions:
    arguments = [None] * len(inspect.signature(function).parameters)
    try:
        function(*arguments)
    except NotImplementedError as stub:
        assert str(stub).startswith("Question "), f"{function.__name__} says {stub}"
    else:
        raise AssertionError(f"{function.__name__} is written already")
"""
_NO_CACHE = ("-p", "no:cacheprovider")


@dataclass(frozen=True)
class Program:
    """What it `does` goes on after "it fails to"; `arguments` are Python's, `status` is due."""

    does: str
    arguments: tuple[str, ...]
    status: int = 0


IMPORTS = Program("import every module of quantlab and read the float models", ("-c", _IMPORTS))
STUBS = Program("find a stub for every function", ("-c", _STUB))
CHECKS = Program("run the public checks on the stub", ("-m", "quantlab.check"), status=1)
TESTS = Program("run the public checks as tests", ("-m", "pytest", *_NO_CACHE, "tests/public"))
PROGRAMS = (IMPORTS, STUBS, CHECKS, TESTS)


def works_alone(bundle: Bundle, programs: Sequence[Program] = PROGRAMS) -> Iterator[str]:
    """Complaints about what the bundle cannot do by itself."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "assignment"
        bundle.write_folder(folder)
        for program in programs:
            try:
                ended = _run(folder, Path(place), [sys.executable, *program.arguments])
            except subprocess.TimeoutExpired:
                yield (
                    f"{bundle.title}: alone in a folder, it does not {program.does} within "
                    f"{SECONDS} s. Run release again on a machine that does nothing else."
                )
                continue
            if ended.returncode != program.status:
                yield (
                    f"{bundle.title}: alone in a folder, it fails to {program.does}: "
                    f"{_last_line(ended)}"
                )


def _run(folder: Path, home: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.defpath,
        "HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _last_line(ended: subprocess.CompletedProcess[str]) -> str:
    lines = (ended.stderr.strip() or ended.stdout.strip() or "it said nothing").splitlines()
    return lines[-1]
