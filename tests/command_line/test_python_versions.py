"""The oldest Python is the same wherever it is named, and .ci/run finds Pythons from it on."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

KIT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((KIT / "pyproject.toml").read_text())
OLDEST = re.fullmatch(r">=(3\.\d+)", PROJECT["project"]["requires-python"])[1]  # type: ignore[index]
MINOR = int(OLDEST.split(".")[1])
NAMING = ("README.md", "docs/student.md", "Makefile")


@pytest.mark.parametrize("path", NAMING)
def test_pages_name_the_oldest_python(path: str) -> None:
    named = re.findall(r"Python (3\.\d+) or later", (KIT / path).read_text())
    assert named
    assert set(named) == {OLDEST}


def test_ruff_checks_for_the_oldest_python() -> None:
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py3{MINOR}"


def test_mypy_checks_for_the_python_that_runs_it() -> None:
    """The types of numpy for a newer Python are not understood as those of an older one."""
    assert "python_version" not in PROJECT["tool"]["mypy"]


def test_gradescope_and_docker_use_a_supported_python() -> None:
    handed_out = KIT / "authoring" / "release" / "handed_out" / "gradescope" / "setup.sh"
    for text in (handed_out.read_text(), (KIT / "Dockerfile").read_text()):
        versions = re.findall(r"python:?3\.(\d+)", text)
        assert versions
        assert min(map(int, versions)) >= MINOR


def test_make_refuses_a_python_that_is_too_old(tmp_path: Path) -> None:
    """With this Python, told that it is an older one."""
    older = tmp_path / "python"
    older.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] || exit 3\nexec "{sys.executable}" -c '
        f'"import sys; sys.version_info = (3, {MINOR - 1}, 9); exec(sys.argv[1])" "$2"\n'
    )
    older.chmod(0o755)
    process = make_setup(tmp_path / "venv", older)
    assert process.returncode != 0
    assert f"Expected Python {OLDEST} or later: choose one with make PYTHON=..." in process.stderr
    assert not (tmp_path / "venv").exists()


def make_setup(venv: Path, python: Path) -> subprocess.CompletedProcess[str]:
    command = ["make", "setup", f"VENV={venv}", f"PYTHON={python}"]
    return subprocess.run(command, cwd=KIT, capture_output=True, text=True, check=False)


def test_ci_finds_each_python_once_by_its_version(tmp_path: Path) -> None:
    """With a home that has two versions, one of which does not start, and a python3 in PATH."""
    functions = (KIT / ".ci" / "pythons.sh").read_text()
    versions = tmp_path / ".pyenv" / "versions"
    this = f"3.{sys.version_info.minor}"
    starts = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
    for path, content in (
        (versions / f"{this}.1" / "bin" / "python3", starts),
        (versions / "3.14.99" / "bin" / "python3", "#!/bin/sh\nexit 1\n"),
        (tmp_path / "bin" / "python3", starts),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(content)
        path.chmod(0o755)
    process = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", f"{functions}\nfind_pythons"],
        env={"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.split() == [str(versions / f"{this}.1" / "bin" / "python3")]
