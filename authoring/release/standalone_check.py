"""Prove that the student bundle works alone: a folder, Python and its packages.

Each program runs in its own process, in a copy of the bundle, with an environment without the kit.
The proof holds if no problem is reported.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from authoring.release.bundle import Bundle

SECONDS = 300  # per program; importing torch on a busy machine takes up to a minute

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
        assert str(stub).startswith("Question "), f"{function.__name__} raises {stub}"
    else:
        raise AssertionError(f"{function.__name__} is not a stub")
"""
_NO_CACHE = ("-p", "no:cacheprovider")


@dataclass(frozen=True)
class Program:
    """A program: what it `does` (after "it fails to"), Python's arguments, the expected status."""

    does: str
    arguments: tuple[str, ...]
    status: int = 0


IMPORTS = Program("import every module of quantlab and read the float models", ("-c", _IMPORTS))
STUBS = Program("find a stub for every function", ("-c", _STUB))
CHECKS = Program("run the public checks on the stub", ("-m", "quantlab.check"), status=1)
TESTS = Program("run the public checks as tests", ("-m", "pytest", *_NO_CACHE, "tests/public"))
PROGRAMS = (IMPORTS, STUBS, CHECKS, TESTS)


def find_problems(bundle: Bundle, programs: Sequence[Program] = PROGRAMS) -> Iterator[str]:
    """Yield what the bundle cannot do alone in a folder."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "assignment"
        bundle.write_folder(folder)
        for program in programs:
            try:
                ended = _run(folder, Path(place), [sys.executable, *program.arguments])
            except subprocess.TimeoutExpired:
                yield (
                    f"{bundle.title}: alone in a folder, it does not {program.does} within "
                    f"{SECONDS} s. Run release again on an idle machine."
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
    lines = (ended.stderr.strip() or ended.stdout.strip() or "no output").splitlines()
    return lines[-1]
