"""submission.zip holds what is there, says what is missing, and is read by the grader."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from quantlab.data.images import ImageSet
from quantlab.errors import CannotSubmit
from quantlab.intake.submission import read_submission
from quantlab.notebook.session import NO_STUDENT, Session
from quantlab.notebook.submission_zip import rehearse_submission, write_submission


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    images = ImageSet("Shapes-10", "test", torch.zeros(1, 3, 32, 32), torch.zeros(1))
    results = tmp_path / "results" / "shapes10"
    results.mkdir(parents=True)
    (tmp_path / "solution.py").write_text("x = 1\n")
    (tmp_path / "main.ipynb").write_text('{"cells": []}')
    return Session(
        place="Jupyter",
        device=torch.device("cpu"),
        folder=tmp_path,
        results=results,
        student="ada",
        fast=False,
        train=images,
        held_out=images,
        test=images,
        calibration=images.images,
        float_model=torch.nn.Identity(),
        float_accuracy=90.0,
    )


def names(archive: Path) -> set[str]:
    return set(zipfile.ZipFile(archive).namelist())


def test_write_submission_contains_all_existing_files(session: Session) -> None:
    session.answers.record_accuracy("ptq", "W8A8", "sym", 90)
    (session.results / "ResNet20_W2A2.pt").write_bytes(b"a model")
    (session.folder / "report.pdf").write_bytes(b"%PDF")
    (session.folder / "student.txt").write_text("ada")
    archive = write_submission(session)
    assert names(archive) == {
        "solution.py",
        "main.ipynb",
        "answers.json",
        "ResNet20_W2A2.pt",
        "report.pdf",
    }


def test_rehearsal_names_what_is_missing(session: Session) -> None:
    text = repr(rehearse_submission(write_submission(session)))
    for name in ("answers.json", "ResNet20_W8A8.pt", "ResNet20_W2A2.pt"):
        assert name in text.partition("Missing: ")[2]


def test_write_submission_is_read_by_the_grader(session: Session) -> None:
    session.answers.record_accuracy("ptq", "W8A8", "sym", 90)
    read = read_submission(write_submission(session), student="ada")
    assert read.solution == "x = 1\n"
    assert read.answers is not None
    assert read.answers.student == "ada"
    assert read.report_file == "main.ipynb"
    assert not read.problems
    assert not read.flags


def test_write_submission_writes_equal_bytes_for_equal_files(session: Session) -> None:
    assert write_submission(session).read_bytes() == write_submission(session).read_bytes()


def test_write_submission_refuses_a_session_without_student(session: Session) -> None:
    with pytest.raises(CannotSubmit, match="STUDENT"):
        write_submission(replace(session, student=NO_STUDENT))


def test_write_submission_refuses_a_folder_without_solution(session: Session) -> None:
    (session.folder / "solution.py").unlink()
    with pytest.raises(CannotSubmit, match="no solution"):
        write_submission(session)


def test_rehearsal_says_why_solution_cannot_be_imported(session) -> None:
    (session.folder / "solution.py").write_text("def f(:\n")
    archive = write_submission(session)
    assert "solution.py" in names(archive)
    assert "solution.py is not valid Python in line 1" in repr(rehearse_submission(archive))


def test_submission_contains_a_model_under_a_near_name(session) -> None:
    (session.results / "ResNet20_W8A8.pth").write_bytes(b"a model")
    archive = write_submission(session)
    assert "ResNet20_W8A8.pth" in names(archive)
    assert "ResNet20_W8A8.pth" in repr(rehearse_submission(archive))


def test_write_submission_takes_the_open_notebook(session: Session, monkeypatch) -> None:
    (session.folder / "my copy.ipynb").write_text('{"cells": ["mine"]}')
    monkeypatch.setenv("JPY_SESSION_NAME", str(session.folder / "my copy.ipynb"))
    archive = zipfile.ZipFile(write_submission(session))
    assert json.loads(archive.read("main.ipynb")) == {"cells": ["mine"]}


def test_write_submission_names_a_fast_run(session: Session, capsys) -> None:
    write_submission(replace(session, fast=True))
    assert "FAST" in capsys.readouterr().out


def test_write_submission_continues_without_the_notebook_in_colab(session: Session, capsys) -> None:
    archive = write_submission(replace(session, place="Colab"))  # there is no google.colab here
    assert "solution.py" in names(archive)
    assert "main.ipynb" not in names(archive)
    text = capsys.readouterr().out
    assert "Download .ipynb" in text
    assert "Files pane" in text
