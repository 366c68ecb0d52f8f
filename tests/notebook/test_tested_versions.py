"""The setup cell names versions that differ from those of a test run, with its date."""

import json
import tomllib
from pathlib import Path

from authoring.release.record_versions import record
from quantlab.notebook.tested_versions import (
    OLDEST_PYTHON,
    OLDEST_TORCH,
    KernelRecord,
    installed_versions,
    kernel_records,
    versions_sentence,
)
from quantlab.paths import KIT

OLD = {"Python": "3.13.0", "torch": "2.14.1", "ipython": "7.34.0"}
NEW = {"Python": "3.11.7", "torch": "2.15.0", "ipython": "9.18.1"}
RECORDS = (
    KernelRecord("a kernel like Colab's", "2026-11-30", "all cells", OLD),
    KernelRecord("Jupyter with Python 3.11", "2026-11-29", "all cells", NEW),
)


def test_versions_sentence_names_only_the_differing_versions() -> None:
    here = {**OLD, "torch": "2.15.0"}
    assert versions_sentence(RECORDS, here) == (
        "Tested on 2026-11-30 in a kernel like Colab's, with torch 2.14.1. Here: torch 2.15.0. "
        "Python 3.11 or later and PyTorch 2.10 or later are supported."
    )


def test_oldest_versions_are_those_of_the_packaging() -> None:
    project = tomllib.loads((KIT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={'.'.join(map(str, OLDEST_PYTHON))}"
    assert f"torch>={'.'.join(map(str, OLDEST_TORCH))}" in project["dependencies"]


def test_versions_sentence_ignores_the_last_number() -> None:
    sentence = versions_sentence(RECORDS, {**NEW, "torch": "2.15.3"})
    assert sentence == (
        "Tested on 2026-11-29 in Jupyter with Python 3.11, with the versions that are installed "
        "here."
    )


def test_kernel_records_contain_colab_and_every_version_that_is_compared() -> None:
    records = {each.kernel: each for each in kernel_records()}
    colab = records["a kernel like Colab's"].versions
    assert (colab["ipython"], colab["ipywidgets"]) == ("7.34.0", "7.7.1")
    for each in records.values():
        assert each.versions.keys() == installed_versions().keys()


def test_record_replaces_the_entry_of_the_same_kernel(tmp_path: Path) -> None:
    file = tmp_path / "versions.json"
    record("Jupyter", "all cells", OLD, "2026-11-29", file)
    record("Colab", "all cells", OLD, "2026-11-29", file)
    record("Jupyter", "all cells", NEW, "2026-11-30", file)
    assert [run["kernel"] for run in json.loads(file.read_text())] == ["Colab", "Jupyter"]
    assert kernel_records(file)[1] == KernelRecord("Jupyter", "2026-11-30", "all cells", NEW)
