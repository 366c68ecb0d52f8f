"""What is understood but not finished gets no ✓: unwritten answers, FAST results, empty cells."""

import json
import zipfile
from pathlib import Path

import pytest

from authoring.build.notebook import solved_notebook, student_notebook
from quantlab.formats.answers_file import AnswersFile
from quantlab.formats.written_answers import STUB_ANSWER, unwritten_answers
from quantlab.intake.submission import read_submission
from quantlab.rehearsal.rehearse import rehearse
from quantlab.rehearsal.table import RehearsalTable
from quantlab.rehearsal.unfinished import FAST, count_unwritten, unfinished

MODEL = "ResNet20_W8A8.pt"


def to_do(path: Path) -> dict[str, str]:
    submission = read_submission(path)
    return unfinished(submission, count_unwritten(path, submission))


def record(folder: Path, fast: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    AnswersFile(folder / "answers.json", "ada", "CIFAR-10", fast).record_mse("A", "sym", 8, 0.1)
    (folder / MODEL).write_bytes(b"PK\x03\x04 a model")


def test_unfinished_counts_unwritten_answers_of_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "solution.py").write_text("x = 1\n")
    content = json.loads(student_notebook())
    content["cells"].append({"cell_type": "markdown", "source": "mine", "metadata": {}})
    (tmp_path / "main.ipynb").write_text(json.dumps(content))
    assert to_do(tmp_path)["report"].startswith("Your answers are not written yet: 3 places say")
    archive = tmp_path / "outer.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(tmp_path / "solution.py", "ada/solution.py")
        packed.write(tmp_path / "main.ipynb", "ada/main.ipynb")
    assert "3 places" in to_do(archive)["report"]
    archive.unlink()
    (tmp_path / "report.md").write_text("My answers are here.")
    assert to_do(tmp_path) == {}


def test_unwritten_answers_ends_when_text_follows_the_stub() -> None:
    assert unwritten_answers(student_notebook().encode()) == 3
    assert unwritten_answers(solved_notebook().encode()) == 0
    both = {"cells": [{"cell_type": "markdown", "source": f"{STUB_ANSWER}\n\nBecause."}]}
    assert unwritten_answers(json.dumps(both).encode()) == 0
    assert unwritten_answers(b'{"cells": [1]}') == unwritten_answers(b"PK") == 0


@pytest.mark.parametrize(
    ("folder", "fast", "expected"),
    [(".", False, False), (".", True, True), ("results/cifar10-fast", False, True)],
)
def test_unfinished_names_tables_and_networks_of_a_fast_run(
    tmp_path: Path, folder: str, fast: bool, expected: bool
) -> None:
    record(tmp_path / folder, fast)
    sentences = to_do(tmp_path)
    assert (FAST in sentences["answers.json"]) is expected
    assert (sentences.get(MODEL) == FAST) is expected


def test_unfinished_leaves_networks_of_another_folder_than_the_fast_tables(tmp_path: Path) -> None:
    record(tmp_path / "tables", fast=True)
    (tmp_path / MODEL).write_bytes((tmp_path / "tables" / MODEL).read_bytes())
    (tmp_path / "tables" / MODEL).unlink()
    assert MODEL not in to_do(tmp_path)


def test_unfinished_counts_empty_cells_by_column(tmp_path: Path) -> None:
    file = AnswersFile(tmp_path / "answers.json", "ada", "CIFAR-10")
    for cell in ("W8A8", "W4A4", "W8A2", "W2A8", "W2A2"):
        file.record_accuracy("qat", cell, "SAWB", 90)
    file.record_accuracy("ptq", "W8A8", "sym", 90)
    sentence = to_do(tmp_path)["answers.json"]
    assert sentence == (
        "Not filled in: 18 of 18 mean squared errors of 1b, 5 of 5 accuracies of PTQ, SAWB, "
        "4 of 5 accuracies of PTQ, sym, 5 of 5 accuracies of QAT, sym."
    )


def test_answers_file_forgets_fast_with_the_first_number_of_a_full_run(tmp_path: Path) -> None:
    record(tmp_path, fast=True)
    path = tmp_path / "answers.json"
    assert json.loads(path.read_text())["fast"] is True
    AnswersFile(path, "ada", "CIFAR-10").record_mse("A", "sym", 4, 0.1)
    assert "fast" not in json.loads(path.read_text())


def test_rehearse_shows_what_is_unfinished_and_never_says_complete(tmp_path: Path) -> None:
    AnswersFile(tmp_path / "answers.json", "ada", "CIFAR-10", True).record_mse("A", "sym", 8, 0.1)
    rehearsal = rehearse(tmp_path)
    (line,) = rehearsal.files
    assert not line.is_right
    assert line.sentence.startswith("by ada, on CIFAR-10. Not filled in: 17 of 18 mean squared")
    assert line.sentence.endswith(FAST)
    text = repr(RehearsalTable("ada", rehearsal))
    assert "complete" not in text
    assert "final" in text
