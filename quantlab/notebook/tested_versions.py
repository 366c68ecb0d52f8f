"""Compare the versions installed here with those on which the notebook was tested.

`tested_versions.json` lists test runs: the date, the kind of kernel, which cells ran, and the
versions. `tests/release/bundle_on_pythons.sh` and `tests/notebook/colab_kernel.sh` write an entry
after a run that passed.
"""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "numpy", "matplotlib", "ipython", "ipykernel", "ipywidgets")
FILE = Path(__file__).with_name("tested_versions.json")
NOT_INSTALLED = "not installed"
OLDEST_PYTHON = (3, 11)
OLDEST_TORCH = (2, 10)  # weights_only loading is unsafe before it


@dataclass(frozen=True)
class KernelRecord:
    """Hold one test run of the notebook, which passed.

    Attributes:
        kernel: The kind of kernel, such as "a kernel like Colab's".
        date: The day of the run in ISO 8601.
        ran: Which cells ran, and on which images.
        versions: {package: version}, also of "Python".
    """

    kernel: str
    date: str
    ran: str
    versions: Mapping[str, str]

    def differences(self, installed: Mapping[str, str]) -> dict[str, str]:
        """Return the installed versions with another major or minor number than in this run."""
        return {
            name: installed[name]
            for name, tested in self.versions.items()
            if _minor(installed[name]) != _minor(tested)
        }


def installed_versions() -> dict[str, str]:
    """Return {package: version} of Python and of `PACKAGES`, as they are installed here."""
    versions = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package).partition("+")[0]
        except PackageNotFoundError:
            versions[package] = NOT_INSTALLED
    return versions


def kernel_records(file: Path = FILE) -> tuple[KernelRecord, ...]:
    """Return the recorded test runs."""
    return tuple(KernelRecord(**run) for run in json.loads(file.read_text(encoding="utf-8")))


def versions_sentence(runs: tuple[KernelRecord, ...], installed: Mapping[str, str]) -> str:
    """Return which test run is nearest to the `installed` versions, and what differs from it."""
    nearest = min(runs, key=lambda run: len(run.differences(installed)))
    tested = f"Tested on {nearest.date} in {nearest.kernel}"
    differing = nearest.differences(installed)
    if not differing:
        return f"{tested}, with the versions that are installed here."
    here = ", ".join(f"{name} {value}" for name, value in differing.items())
    there = ", ".join(f"{name} {nearest.versions[name]}" for name in differing)
    return (
        f"{tested}, with {there}. Here: {here}. Python {_words(OLDEST_PYTHON)} or "
        f"later and PyTorch {_words(OLDEST_TORCH)} or later are supported."
    )


def _words(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _minor(value: str) -> str:
    return ".".join(value.split(".")[:2])
