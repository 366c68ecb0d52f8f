"""A notebook that does not run from top to bottom is not released."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.release import command
from autograder.release.bundle import Bundle
from autograder.release.command import Release, SolvedRun
from autograder.release.notebooks import DoesNotRun, run, run_student

HANDS_IN = "open('submission.zip', 'w').close()"


def bundle(*cells: str) -> Bundle:
    made = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    files = {"main.ipynb": nbformat.writes(made).encode(), "solution.py": b"x = 1\n"}
    return Bundle("the student bundle", files)


def solved(*cells: str) -> SolvedRun:
    made = bundle(*cells)
    return SolvedRun(Release(made, made, made, made, Bundle("the solved notebook", made.files)))


def test_what_ran_comes_with_its_outputs_and_names_no_folder() -> None:
    made = bundle(
        "import os, solution; print(solution.x, os.getcwd(), os.environ['FAST'])", HANDS_IN
    )
    found = nbformat.reads(run(made, {"solution.py": b"x = 2\n"}), as_version=4)
    assert found.cells[0].outputs[0].text == "2 . 1\n"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (("1 / 0", HANDS_IN), "ZeroDivisionError"),
        (("import os; os._exit(1)",), "died"),
        (("1",), "ends without submission.zip"),
    ],
)
def test_why_it_does_not_run_is_a_sentence(cells: tuple[str, ...], told: str) -> None:
    with pytest.raises(DoesNotRun, match=told):
        run(bundle(*cells), {})
    (complaint,) = run_student(bundle(*cells))
    assert complaint.startswith("the student bundle: with the stub, it ")
    assert "\n" not in complaint


def test_the_solved_one_may_wait_for_nothing() -> None:
    running = solved("print('Waiting for question 2b: integer_linear')", HANDS_IN)
    (complaint,) = running.complaints()
    assert "waits for a question" in complaint


def test_its_outputs_name_no_folder_of_the_kit() -> None:
    running = solved(f"print({str(command.KIT)!r})", HANDS_IN)
    (complaint,) = running.complaints()
    assert "names a folder of the machine" in complaint
