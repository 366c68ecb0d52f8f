"""`pytest -p autograder.pytest_plugin --submission PATH`: each check a test, nothing else run."""

import subprocess
import sys
from pathlib import Path

import pytest

KIT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def run(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef")

    def run_pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "autograder.pytest_plugin", *arguments],
            cwd=KIT,
            env={"PATH": "/usr/bin:/bin", "AUTOGRADER_SECRET_FILE": str(secret)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run_pytest


@pytest.fixture
def folder(tmp_path, reference_source):
    folder = tmp_path / "ada"
    folder.mkdir()
    patch = "\n\ndef linear_dequantize(input, scale, zero_point):\n    return scale * input\n"
    (folder / "solution.py").write_text(reference_source + patch)
    (folder / "conftest.py").write_text("raise SystemExit('a conftest of a student was run')\n")
    (folder / "test_mine.py").write_text("def test_mine():\n    assert True\n")
    return folder


def test_pytest_plugin_reports_each_check_as_a_test(run, folder):
    process = run(
        f"--submission={folder}", "--submission-data=shapes10", "-vv", "--check=1[ac].[lc]*"
    )
    assert process.returncode == 1, process.stdout + process.stderr
    lines = process.stdout
    assert "1a.linear_quantize.signed PASSED" in lines
    assert "1a.linear_dequantize.values PASSED" in lines
    assert "1a.linear_dequantize.zero_point FAILED" in lines
    assert "1c.comparison FAILED" in lines  # no report was submitted
    assert "0 of 2 points: wrong" in lines
    assert "test_mine" not in lines
    assert "conftest of a student" not in lines
    assert "2 failed, 6 passed" in lines


def test_pytest_plugin_refuses_settings_of_a_student(run, folder):
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --check=1a.linear_quantize.signed\n")
    process = run("--submission", str(folder), "--submission-data", "shapes10")
    assert process.returncode == 4
    assert "read its settings from the submission" in process.stderr
    assert "PASSED" not in process.stdout


def test_pytest_plugin_reports_a_missing_submission_as_a_usage_error(run, tmp_path):
    process = run("--submission", str(tmp_path / "nobody"), "--submission-data", "shapes10")
    assert process.returncode == 4
    assert "nobody" in process.stdout + process.stderr
    assert "Traceback" not in process.stdout + process.stderr


def test_pytest_plugin_does_nothing_without_a_submission(run):
    process = run("tests/rubric", "-vv")
    assert process.returncode == 0
    assert "passed" in process.stdout


def test_pytest_plugin_reports_a_check_in_need_of_review_as_an_error(run, folder):
    (folder / "solution.py").write_text("%autoreload 2\n")
    process = run(f"--submission={folder}", "--submission-data=shapes10", "--check=1a.reset.*")
    assert process.returncode == 1
    assert "1a.reset.sym ERROR" in process.stdout or "ERROR 1a.reset.sym" in process.stdout
    assert "points are at stake" in process.stdout
    assert "failed" not in process.stdout.splitlines()[-1]
