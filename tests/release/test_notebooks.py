"""A notebook that does not run from top to bottom is not released."""

import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from authoring.release import command
from authoring.release.bundle import Bundle
from authoring.release.command import Release, SolvedNotebookProof
from authoring.release.notebook_check import DoesNotRun, execute, run, run_student

HANDS_IN = "open('submission.zip', 'w').close()"


def bundle(*cells: str) -> Bundle:
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    files = {"main.ipynb": nbformat.writes(notebook).encode(), "solution.py": b"x = 1\n"}
    return Bundle("the student bundle", files)


def titled_bundle(source: str) -> Bundle:
    """Return a bundle whose third cell has this source and the heading "1b. Errors" above it."""
    cells = [
        new_markdown_cell("# Title\n\ntext\n\n## 1b. Errors\n", id="title"),
        new_markdown_cell("No heading: #1 of two.", id="text"),
        new_code_cell(source, id="slow-cell"),
        new_markdown_cell("## 2a. Later", id="later"),
        new_code_cell(HANDS_IN, id="submission"),
    ]
    files = {"main.ipynb": nbformat.writes(new_notebook(cells=cells)).encode()}
    return Bundle("the student bundle", files)


def solved(*cells: str) -> SolvedNotebookProof:
    student_bundle = bundle(*cells)
    return SolvedNotebookProof(
        Release(
            student_bundle,
            student_bundle,
            student_bundle,
            student_bundle,
            Bundle("the solved notebook", student_bundle.files),
        )
    )


def test_run_returns_the_notebook_with_its_outputs() -> None:
    student_bundle = bundle(
        "import os, solution; print(solution.x, os.getcwd(), os.environ['FAST'])", HANDS_IN
    )
    notebook = nbformat.reads(run(student_bundle, {"solution.py": b"x = 2\n"}), as_version=4)
    assert notebook.cells[0].outputs[0].text == "2 . 1\n"


def complaint(student_bundle: Bundle, cell_seconds: int = 600) -> str:
    """Return why the notebook does not run, in one line, as the student's proof reports it."""
    (problem,) = run_student(student_bundle, cell_seconds)
    start = "the student bundle, with the stub: "
    assert problem.startswith(start)
    assert "\n" not in problem
    return problem.removeprefix(start)


def test_run_without_submission_names_the_missing_file() -> None:
    with pytest.raises(DoesNotRun, match="does not write submission"):
        run(bundle("1"), {})


def test_run_names_the_cell_that_runs_out_of_time() -> None:
    student_bundle = titled_bundle("\nimport time\ntime.sleep(1_000_000)")
    message = complaint(student_bundle, cell_seconds=1)
    assert message.startswith("main.ipynb stops in cell 3 of 5 ")
    assert "id slow-cell" in message
    assert "heading '1b. Errors'" in message
    assert "first line 'import time'" in message
    assert "longer than 1 s" in message
    assert "--cell-timeout" in message


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise ValueError('first\\nsecond' + 'x' * 9000)", "ValueError: first"),
        ("if", "SyntaxError: "),
        ("%no_such_magic", "UsageError: "),
        ("import os; os._exit(1)", "the kernel died"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the kernel died"),
    ],
)
def test_run_names_the_cell_that_fails(source: str, reason: str) -> None:
    message = complaint(titled_bundle(source))
    assert message.startswith("main.ipynb stops in cell 3 of 5 ")
    assert f"first line {source!r}" in message
    assert reason in message
    assert message.endswith("the code that it calls.")


def test_run_describes_a_cell_without_a_heading() -> None:
    message = complaint(bundle("x = 1", "raise KeyError('a' * 99)  # " + "b" * 200))
    assert message.startswith("main.ipynb stops in cell 2 of 2 (id ")
    assert "heading" not in message
    assert len(message) < 400


def test_execute_names_a_kernel_that_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "main.ipynb").write_bytes(bundle("1").files["main.ipynb"])
    with pytest.raises(DoesNotRun, match="its kernel 'no-such-kernel' does not: NoSuchKernel"):
        execute(tmp_path, os.environ, "no-such-kernel")


def test_solved_notebook_proof_names_the_failing_cell() -> None:
    (message,) = solved("x = 1", "1 / 0", HANDS_IN).problems()
    assert message.startswith("the solved notebook: main.ipynb stops in cell 2 of 3 ")
    assert "ZeroDivisionError" in message


def test_solved_notebook_proof_rejects_a_cell_that_waits() -> None:
    running = solved("print('Waiting for question 2b: integer_linear')", HANDS_IN)
    (complaint,) = running.problems()
    assert "waits for a question" in complaint


def test_solved_notebook_proof_rejects_paths_of_the_machine() -> None:
    running = solved(f"print({str(command.KIT)!r})", HANDS_IN)
    (complaint,) = running.problems()
    assert "contains a path of this machine" in complaint
