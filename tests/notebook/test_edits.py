"""In a real kernel the next cell uses an edit of solution.py, or a sentence refuses it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from edits import EDITS, IMPORTS, START, Edit
from kernel import Kernel, student_kernel

LINES = 5  # shown by a cell after any edit


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with student_kernel(tmp_path_factory.mktemp("edits") / "kit", START) as kernel:
        assert kernel.run(IMPORTS) == []
        yield kernel


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_kernel_uses_an_edit(kernel: Kernel, edit: Edit) -> None:
    edit.write(kernel.folder / "solution.py")
    lines = kernel.run(edit.cell)
    assert lines[-1:] == [edit.last], "\n".join(lines[-20:])
    assert len(lines) <= LINES
    assert edit.says in " ".join(lines[:-1])


@pytest.mark.long
def test_kernel_uses_edits_in_older_ipythons() -> None:
    script = Path(__file__).with_name("ipython_kernels.sh")
    ended = subprocess.run([script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-1000:]
    assert ended.stdout.count(f"{len(EDITS)} passed") == 2
