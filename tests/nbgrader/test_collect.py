"""What was submitted comes to where nbgrader looks, under the names that it should have."""

import json
import zipfile

import pytest

from authoring.rehearse.layouts import FictionalStudent, Upload, write_export
from autograder.platforms.nbgrader_course.collect import main
from quantlab.intake.submission import read_submission


def upload(*names: str) -> Upload:
    students = tuple(FictionalStudent(n, name, name) for n, name in enumerate(names, 1))
    return Upload(students, {"solution.py": b"a = 1"})


RELEASED = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
THEIRS = '{"cells": [], "metadata": {"mine": 1}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def course(tmp_path):
    """Runs collect over one submission made of `files`; gives the status and what is there."""
    release = tmp_path / "course" / "release" / "quantization"
    release.mkdir(parents=True)
    (release / "main.ipynb").write_text(RELEASED)

    def run(files: dict[str, str], name: str = "ada.zip") -> tuple[int, dict[str, str]]:
        (tmp_path / "downloads").mkdir(exist_ok=True)
        with zipfile.ZipFile(tmp_path / "downloads" / name, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
        status = main(["--course", str(tmp_path / "course"), str(tmp_path / "downloads")])
        place = tmp_path / "course" / "submitted" / "ada" / "quantization"
        return status, {path.name: path.read_text() for path in place.glob("*")}

    return run


def test_collect_renames_files_to_the_expected_names(course):
    status, collected = course({"x/Copy of main.ipynb": THEIRS, "x/Solution (1).py": "a = 1"})
    assert status == 0
    assert collected == {"main.ipynb": THEIRS, "solution.py": "a = 1"}


def test_collect_leaves_out_files_that_nbgrader_must_not_read(course):
    _, collected = course(
        {"solution.py": "", "nbgrader_config.py": "x", "quantlab/data/cifar10.py": "x"}
    )
    assert set(collected) == {"solution.py", "main.ipynb"}


@pytest.mark.parametrize("notebook", [None, "", "{", "[1]", '{"cells": 3, "nbformat": 4}'])
def test_collect_replaces_an_unreadable_notebook(course, capsys, notebook):
    _, collected = course({"solution.py": "a", **({"main.ipynb": notebook} if notebook else {})})
    assert collected["main.ipynb"] == RELEASED
    assert "The released one replaces it" in capsys.readouterr().out


def test_collect_removes_malformed_metadata_and_half_of_a_surrogate_pair(course):
    cell = {"cell_type": "raw", "id": "a", "metadata": {"nbgrader": "x", "id": 5}, "source": ""}
    notebook = {**json.loads(THEIRS), "cells": [cell]}
    notebook["metadata"]["title"] = "\ud83d \ud83d\ude00"
    _, collected = course(
        {"solution.py": "", "Meins.ipynb": "", "main.ipynb": json.dumps(notebook)}
    )
    read = json.loads(collected["main.ipynb"])
    assert read["metadata"] == {"mine": 1, "title": "? 😀"}
    assert read["cells"][0]["metadata"] == {}


def test_collect_ignores_the_time_that_a_student_wrote(course):
    _, collected = course({"solution.py": "a = 1", "Timestamp.txt": "2000-01-01 00:00:00 UTC"})
    assert {name for name in collected if "time" in name.casefold()} == {
        "timestamp (submitted).txt"
    }


def test_collect_says_that_a_notebook_has_too_many_cells(course, capsys):
    content = '{"nbformat": 4, "cells": [' + "{}," * 5_000 + "{}]}"
    _, collected = course({"solution.py": "a", "main.ipynb": content})
    assert collected["main.ipynb"] == RELEASED
    assert "'main.ipynb' has more than 5,000 cells and outputs" in capsys.readouterr().out


def test_collect_keeps_two_files_of_the_same_role(course, capsys):
    _, collected = course({"a/solution.py": "a = 1", "b/solution.py": "a = 2"})
    assert collected["solution.py"] == "a = 1"
    assert collected["solution (1).py"] == "a = 2"
    assert "2 different files could be solution.py" in capsys.readouterr().out


def test_collect_includes_files_that_could_be_missing(course, tmp_path):
    files = {"solution_jan.py": "a = 1", "report final.pdf": "%PDF-", "Meins.ipynb": THEIRS}
    _, collected = course({**files, "work.rar": "Rar!\x1a\x07", "../x/..lab.py": "b = 2"})
    assert collected == {
        "solution_jan.py": "a = 1",
        "report final.pdf": "%PDF-",
        "Meins.ipynb.txt": THEIRS,
        "work.rar": "Rar!\x1a\x07",
        "main.ipynb": RELEASED,
    }
    place = tmp_path / "course" / "submitted" / "ada" / "quantization"
    submission = read_submission(place)
    assert "'solution_jan.py'" in " ".join(
        unused_file.sentence for unused_file in submission.unused
    )


def test_collect_removes_files_of_an_earlier_run(course):
    course({"solution.py": "old", "report.md": "old"})
    _, collected = course({"solution.py": "new"})
    assert collected == {"solution.py": "new", "main.ipynb": RELEASED}


def test_collect_continues_after_an_unreadable_submission(course, tmp_path, capsys):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "grace.zip").write_text("no zip")
    status, collected = course({"solution.py": "a = 1"})
    assert status == 1
    assert "solution.py" in collected
    assert "grace.zip" in capsys.readouterr().err


def test_collect_reads_exports_of_course_sites_with_their_times(course, tmp_path):
    write_export("gradescope", [upload("Ada Lovelace", "Grace Hopper")], tmp_path / "export")
    course({"solution.py": "a = 1"})
    arguments = ["--course", str(tmp_path / "course"), str(tmp_path / "export")]
    assert main(arguments) == 0
    submitted = tmp_path / "course" / "submitted"
    for student in ("alovelace1", "ghopper2"):
        place = submitted / student / "quantization"
        assert (place / "solution.py").read_text() == "a = 1"
        assert (place / "timestamp.txt").read_text().endswith(" +0000")


def test_collect_refuses_what_is_no_export(course, tmp_path, capsys):
    course({"solution.py": "a = 1"})
    assert main(["--course", str(tmp_path / "course"), str(tmp_path / "missing")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_collect_refuses_a_course_without_a_release(tmp_path, capsys):
    assert main(["--course", str(tmp_path), str(tmp_path)]) == 2
    assert "nbgrader generate_assignment quantization" in capsys.readouterr().err
