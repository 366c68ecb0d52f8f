"""`python -m authoring release`: all of it, or nothing and a sentence."""

import zipfile

import pytest

from authoring.__main__ import main
from authoring.release import command
from authoring.release.command import NOT_PROVEN, ReleaseOptions, release
from autograder.exit_status import DONE, USAGE

ADDRESS = "https://example.org/colab.zip"


@pytest.fixture(autouse=True)
def own_secret(tmp_path, monkeypatch):
    path = tmp_path / "secret"
    path.write_text("0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(path))


@pytest.fixture
def fast_proofs(monkeypatch):
    """The slow proofs run in .ci/run; that they find what they should is in the other files."""
    monkeypatch.setattr(command.GradingProof, "problems", lambda run: iter(()))
    monkeypatch.setattr(command.standalone_check, "find_problems", lambda bundle: iter(()))
    monkeypatch.setattr(
        command.notebook_check,
        "run",
        lambda bundle, replaced, cell_seconds: {**bundle.files, **replaced}["main.ipynb"].decode(),
    )


@pytest.mark.usefixtures("fast_proofs")
def test_release_writes_and_names_every_bundle(tmp_path, capsys):
    out = tmp_path / "dist"
    assert release(ReleaseOptions(out, "eff", ADDRESS, "shapes10")) == DONE
    assert sorted(path.name for path in out.iterdir()) == [
        *("colab.zip", "gradescope.zip", "nbgrader", "solved", "student", "student.zip")
    ]
    inside = set(zipfile.ZipFile(out / "student.zip").namelist())
    assert "solution.py" in inside
    on_disk = (path for path in (out / "student").rglob("*") if path.is_file())
    assert inside == {path.relative_to(out / "student").as_posix() for path in on_disk}
    assert '"eff"' in (out / "nbgrader" / "nbgrader_config.py").read_text()
    output = capsys.readouterr().out
    assert output.count("proven") == 6
    assert "gradescope.zip" in output


@pytest.mark.usefixtures("fast_proofs")
def test_release_is_reproducible(tmp_path):
    for name in ("first", "second"):
        assert release(ReleaseOptions(tmp_path / name, "eff", ADDRESS, "shapes10")) == DONE
    for path in sorted((tmp_path / "first").rglob("*")):
        if path.is_file():
            other = tmp_path / "second" / path.relative_to(tmp_path / "first")
            assert path.read_bytes() == other.read_bytes(), path
            assert path.stat().st_mode == other.stat().st_mode


def test_release_keeps_the_old_release_if_a_proof_fails(tmp_path, monkeypatch, capsys):
    out = tmp_path / "dist"
    (out / "student").mkdir(parents=True)
    (out / "student" / "old").touch()
    monkeypatch.setattr(command, "content_problems", lambda *_: iter(["It holds an answer."]))
    assert release(ReleaseOptions(out, dataset="shapes10")) == NOT_PROVEN
    assert [path.name for path in out.rglob("*")] == ["student", "old"]
    captured = capsys.readouterr()
    assert "It holds an answer." in captured.err
    assert "was changed" in captured.err
    assert "FAILED" in captured.out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--course-id", 'x"; import os'], "cannot be a course id"),
        (["--address", "colab.zip"], "is not an address"),
        (["--address", 'https://example.org/"a'], "is not an address"),
    ],
)
def test_release_refuses_invalid_arguments(tmp_path, capsys, arguments, reason):
    assert main(["release", "--out", str(tmp_path / "dist"), *arguments]) == USAGE
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()
