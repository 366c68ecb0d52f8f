"""`python -m autograder grade`: every odd submission gets a sentence, none stops the others."""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from autograder.__main__ import main
from quantlab.network.resnet import resnet20

KIT = Path(__file__).resolve().parent.parent.parent
FUNCTIONS = ["--check", "1a.linear_dequantize.*", "--data", "shapes10"]


@pytest.fixture(autouse=True)
def own_secret(tmp_path_factory, monkeypatch):
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_text("0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(path))


@pytest.fixture
def submission(tmp_path, reference_source):
    """Makes a submission folder; `files` are added to the reference's solution.py."""

    def make(name: str, **files: str | bytes) -> Path:
        folder = tmp_path / "in" / name
        folder.mkdir(parents=True)
        for file, content in {"solution.py": reference_source, **files}.items():
            data = content.encode() if isinstance(content, str) else content
            (folder / file).write_bytes(data)
        return folder

    return make


def grade(out: Path, *arguments: object) -> int:
    return main(["grade", *map(str, arguments), "--out", str(out)])


def report_of(out: Path, student: str) -> dict:
    return json.loads((out / student / "report.json").read_text())


def messages(report: dict) -> str:
    return "\n".join(check["message"] for check in report["checks"])


def test_grade_writes_reports_and_a_summary_row(tmp_path, submission, capsys):
    out = tmp_path / "out"
    assert grade(out, submission("ada"), *FUNCTIONS) == 0
    assert {path.name for path in (out / "ada").iterdir()} == {
        "report.json",
        "report.html",
        "run.json",
    }
    rows = list(csv.DictReader(io.StringIO((out / "summary.csv").read_text())))
    assert [(row["student"], float(row["auto_score"])) for row in rows] == [("ada", 4.0)]
    run = json.loads((out / "ada" / "run.json").read_text())
    assert set(run["seconds"]) == {
        "1a.linear_dequantize.values",
        "1a.linear_dequantize.zero_point",
    }
    assert "report.html" in capsys.readouterr().out


def test_grade_writes_equal_bytes_in_two_runs(tmp_path, submission):
    folder = submission("ada")
    for out in ("first", "second"):
        assert grade(tmp_path / out, folder, *FUNCTIONS) == 0
    for name in ("report.json", "report.html"):
        first = (tmp_path / "first" / "ada" / name).read_bytes()
        assert (tmp_path / "second" / "ada" / name).read_bytes() == first


def test_grade_continues_after_odd_submissions(tmp_path, submission, reference_source, capsys):
    out = tmp_path / "out"
    (tmp_path / "in" / "empty").mkdir(parents=True)
    syntax = reference_source.replace("return scale * (input", "return scale * ((input")
    paths = [
        tmp_path / "in" / "nobody",
        tmp_path / "in" / "empty",
        submission("syntax", **{"solution.py": syntax}),
        submission("utf16", **{"solution.py": reference_source.encode("utf-16")}),
        submission("latin1", **{"solution.py": b"# caf\xe9\n" + reference_source.encode()}),
        submission("bom", **{"solution.py": b"\xef\xbb\xbf" + reference_source.encode()}),
        submission("good"),
    ]
    assert grade(out, *paths, *FUNCTIONS, "--jobs", 2) == 1
    errors = capsys.readouterr().err
    assert "nobody" in errors
    assert "empty" in errors
    assert "Traceback" not in errors
    assert report_of(out, "good")["auto_score"] == 4
    assert report_of(out, "bom")["auto_score"] == 4
    syntax_message = messages(report_of(out, "syntax"))
    assert "not valid Python in line" in syntax_message
    assert "scale * ((input" in syntax_message
    assert {c["verdict"] for c in report_of(out, "syntax")["checks"]} == {"blocked"}
    for student in ("utf16", "latin1"):
        assert report_of(out, student)["auto_score"] == 4
        assert any("solution.py" in note for note in report_of(out, student)["notes"])
    assert not (out / "empty").exists()


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_grade_reads_a_zip_with_names_that_leave_it(tmp_path, reference_source, capsys):
    good = zipped(tmp_path / "ada.zip", {"solution.py": reference_source, "../evil.py": "x"})
    twice = zipped(
        tmp_path / "twice.zip",
        {"a/solution.py": reference_source, "b/solution.py": reference_source + "\n"},
    )
    out = tmp_path / "out"
    assert grade(out, good, twice, *FUNCTIONS) == 1
    assert report_of(out, "ada")["auto_score"] == 4
    assert not (tmp_path / "evil.py").exists()
    assert not (tmp_path / "evil.py").exists()
    assert "a/solution.py" in messages(report_of(out, "twice"))
    assert "2 different files could be solution.py" in report_of(out, "twice")["review"][0]
    assert report_of(out, "ada")["review"] == []
    assert "NEEDS REVIEW: twice: 2 different files" in capsys.readouterr().out


def test_grade_of_an_archive_that_cannot_be_opened_needs_review(tmp_path, capsys):
    archive = tmp_path / "ada.rar"
    archive.write_bytes(b"Rar!\x1a\x07\x01\x00")
    out = tmp_path / "out"
    assert grade(out, archive, "--student", "ada", *FUNCTIONS) == 1
    report = report_of(out, "ada")
    assert len(report["review_checks"]) == len(report["checks"])
    assert "it is a RAR archive" in report["review"][0]
    assert report["review"][0].endswith("4 points are at stake.")
    assert "This score is not final." in (out / "ada" / "report.html").read_text()
    assert report["review"][0] in (out / "summary.csv").read_text()


def test_grade_explains_why_a_model_cannot_be_used(tmp_path, submission):
    module, state = io.BytesIO(), io.BytesIO()
    torch.save(resnet20(), module)
    torch.save(nn.Linear(3, 3).state_dict(), state)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"
    folder = submission(
        "ada",
        **{
            "ResNet20_W8A8.pt": module.getvalue(),
            "ResNet20_W4A4.pt": state.getvalue(),
            "ResNet20_W8A2.pt": state.getvalue()[:200],
            "ResNet20_W2A8.pt": pointer,
        },
    )
    out = tmp_path / "out"
    assert grade(out, folder, "--check", "2d.model.*", "--data", "shapes10", "--quick") == 1
    messages_by_model = {c["id"][-4:]: c["message"] for c in report_of(out, "ada")["checks"]}
    assert "state_dict" in messages_by_model["W8A8"]
    assert "weights_only=False" not in messages_by_model["W8A8"]
    assert "ResNet-20" in messages_by_model["W4A4"] or "conv1" in messages_by_model["W4A4"]
    assert (
        "truncated" in messages_by_model["W8A2"]
        or "incomplete" in messages_by_model["W8A2"]
        or "cut" in messages_by_model["W8A2"]
    )
    assert "git" in messages_by_model["W2A8"].lower()
    assert messages_by_model["W2A2"] == "No ResNet20_W2A2.pt was submitted."
    assert report_of(out, "ada")["provisional"]


def test_grade_charges_a_missing_answer_to_its_own_cell(tmp_path, submission):
    answers = {
        "version": 1,
        "student": "ada",
        "dataset": "Shapes-10",
        "mse": {"A": {"sym": {"8": 1.0, "4": 1.0}}},
    }
    folder = submission("ada", **{"answers.json": json.dumps(answers)})
    out = tmp_path / "out"
    assert grade(out, folder, "--check", "1b.A.sym", "--data", "shapes10") == 0
    assert "Missing: 2 bits." in messages(report_of(out, "ada"))


def test_grade_refuses_an_unknown_check_before_running_anything(tmp_path, submission, capsys):
    out = tmp_path / "out"
    assert grade(out, submission("ada"), "--check", "7z.*", "--data", "shapes10") == 2
    assert "No check is called '7z.*'" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_grade_refuses_an_unwritable_folder_before_running_anything(tmp_path, submission, capsys):
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    assert grade(out, submission("ada"), *FUNCTIONS) == 2
    assert "can't be written" in capsys.readouterr().err


def test_grade_refuses_a_file_in_place_of_the_output_folder(tmp_path, submission, capsys):
    out = tmp_path / "out"
    out.write_text("not a folder")
    assert grade(out, submission("ada"), *FUNCTIONS) == 2
    errors = capsys.readouterr().err
    assert "can't be written" in errors
    assert "Traceback" not in errors
    assert out.read_text() == "not a folder"


def test_grade_refuses_missing_data_in_a_sentence(tmp_path, submission, capsys, monkeypatch):
    monkeypatch.setenv("CIFAR10_ROOT", str(tmp_path / "nowhere"))
    monkeypatch.setattr("quantlab.data.cifar10.KIT", tmp_path)
    assert grade(tmp_path / "out", submission("ada"), "--check", "2d.*") == 2
    assert "CIFAR-10 (test) was not found" in capsys.readouterr().err


def test_grade_replay_shows_a_hidden_check_and_writes_no_report(tmp_path, submission, capsys):
    folder, out = submission("ada"), tmp_path / "out"
    hidden = "1a.linear_dequantize.zero_point"
    assert grade(out, folder, "--replay", hidden, "--data", "shapes10") == 0
    output = capsys.readouterr().out
    assert "linear_dequantize(x_int, scale" in output
    assert not out.exists()


def test_grade_replay_saves_all_values(tmp_path, submission, capsys):
    save, check = tmp_path / "replay", "1a.linear_dequantize.zero_point"
    options = ("--replay", check, "--save", str(save), "--data", "shapes10")
    assert grade(tmp_path / "out", submission("ada"), *options) == 0
    path = save / "ada" / f"{check}.npz"
    assert str(path) in capsys.readouterr().out
    with np.load(path) as saved:
        assert {"x_int", "scale", "call1 expected", "call1 got"} <= set(saved)


def test_grade_names_a_second_submission_of_a_student(tmp_path, submission, capsys):
    first = submission("ada")
    second = tmp_path / "again" / "ada"
    second.parent.mkdir()
    first.rename(tmp_path / "ada")
    second.mkdir()
    (second / "solution.py").write_text("")
    out = tmp_path / "out"
    assert grade(out, tmp_path / "ada", second, *FUNCTIONS) == 1
    assert "second submission of ada" in capsys.readouterr().err
    assert report_of(out, "ada")["auto_score"] == 4


@pytest.mark.parametrize("arguments", [[], ["grade"], ["grade", "x", "--jobs", "0"], ["mark"]])
def test_grade_explains_its_usage_after_a_wrong_argument(arguments, capsys):
    assert main(arguments) == 2
    assert "Usage: python -m autograder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("former", "current"),
    [
        (["verify", "--exploits"], "python -m authoring attack"),
        (["release", "--out", "dist"], "python -m authoring release"),
        (["batch", "--fake", "300"], "python -m authoring rehearse make"),
        (["batch", "x", "--apply"], "--regrade"),
        (["grade", "x", "--save", "y"], "--replay"),
    ],
)
def test_grade_refuses_former_commands_and_flags_of_another_mode(former, current, capsys):
    assert main(former) == 2
    assert current in capsys.readouterr().err


def test_grade_help_does_not_import_torch():
    program = (
        "import sys; from autograder.__main__ import main\n"
        "main(['grade', '--help'])\n"
        "sys.exit('torch' in sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], cwd=KIT, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0
    assert "--replay CHECK" in process.stdout


def test_isolation_prints_the_available_tier(capsys):
    assert main(["isolation"]) == 0
    output = capsys.readouterr().out
    assert "Landlock" in output or "UNISOLATED" in output
