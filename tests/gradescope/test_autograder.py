"""`run_autograder` in folders like Gradescope's, from the zip that is uploaded there.

Only function checks are run: what marks models earn is proven by `release`.
"""

import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from authoring.examples import LOOPS
from authoring.release.gradescope import gradescope_bundle, settings_text
from autograder.platforms.gradescope_harness import (
    BadSettings,
    Settings,
    load_settings,
    student_of,
    students_of,
)
from tests.gradescope.schema import SCHEMA

SECONDS = 300
POINTS = 14  # of the checks above


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """/autograder/source as Gradescope makes it: the zip, unpacked."""
    folder = tmp_path_factory.mktemp("gradescope") / "source"
    content = gradescope_bundle(Settings(data="shapes10", checks="1a.linear*")).to_zip()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            archive.extract(entry, folder)
            (folder / entry.filename).chmod(entry.external_attr >> 16)
    secret = folder / "instructor" / "course_secret"
    secret.write_text("0123456789abcdef0123456789abcdef")
    for parent in folder.parents[:3]:
        parent.chmod(parent.stat().st_mode | stat.S_IXOTH)  # the one who runs students' code
    return folder


@pytest.fixture
def layout(source, tmp_path) -> Callable[..., Path]:
    """A root with a submission in it, the source linked and no results."""

    def make(files: dict[str, str], users: list | None = None) -> Path:
        (tmp_path / "source").symlink_to(source)
        (tmp_path / "submission").mkdir()
        for name, text in files.items():
            (tmp_path / "submission" / name).write_text(text)
        metadata = {"id": 1, "users": users or [{"name": "Ada", "email": "ada@example.org"}]}
        (tmp_path / "submission_metadata.json").write_text(json.dumps(metadata))
        return tmp_path

    return make


def start(root: Path) -> subprocess.Popen[str]:
    variables = {"AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": sys.executable}
    return subprocess.Popen(
        [str(root / "source" / "run_autograder")],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def results(root: Path) -> dict:
    content = json.loads((root / "results" / "results.json").read_text())
    jsonschema.validate(content, SCHEMA)
    return content


def run(root: Path) -> dict:
    process = start(root)
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, output
    return results(root)


def wait_for(root: Path, reached: Callable[[dict], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if (root / "results" / "results.json").is_file() and reached(results(root)):
            return
        time.sleep(0.02)
    raise AssertionError("the results did not come")


@pytest.mark.long
def test_run_autograder_gives_the_reference_all_points(layout, reference_source):
    report = run(layout({"solution.py": reference_source}))
    scored = [test for test in report["tests"] if "max_score" in test]
    assert report["score"] == sum(test["max_score"] for test in scored) == POINTS
    assert "Graded as ada." in report["tests"][-1]["output"]


@pytest.mark.long
def test_run_autograder_gives_the_stub_no_points(layout, stub_source):
    report = run(layout({"solution.py": stub_source}))
    assert report["score"] == 0
    assert all("Missing." in test["output"] for test in report["tests"] if "score" in test)


@pytest.mark.long
def test_run_autograder_gives_an_empty_submission_no_points(layout):
    report = run(layout({}))
    assert report["score"] == 0


@pytest.mark.long
def test_run_autograder_charges_a_loop_only_to_its_own_checks(layout, reference_source):
    report = run(layout({"solution.py": reference_source + LOOPS.patch}))
    lost = {test["number"] for test in report["tests"] if test.get("status") == "failed"}
    names = {t["number"]: t["name"] for t in report["tests"]}
    assert lost
    assert all(names[number].startswith("linear_dequantize") for number in lost)
    assert "Timed out." in json.dumps(report)


@pytest.mark.long
def test_run_autograder_keeps_results_so_far_when_killed(layout, reference_source):
    """Gradescope's global timeout: what was marked stays, and the text says that it is no mark."""
    root = layout({"solution.py": reference_source + LOOPS.patch})
    process = start(root)
    try:
        wait_for(root, lambda report: report["score"] > 0)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    report = results(root)
    assert 0 < report["score"] < POINTS
    assert report["output"].startswith("NOT FINISHED")
    assert "Not reached." in json.dumps(report)


@pytest.mark.long
def test_run_autograder_has_results_even_when_killed_at_the_start(layout, reference_source):
    root = layout({"solution.py": reference_source})
    process = start(root)
    try:
        wait_for(root, lambda report: True)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert results(root)["score"] == 0


def test_run_autograder_writes_no_score_when_it_cannot_start(layout, stub_source, source):
    """Results with a 0 would be read as one; without results Gradescope says that it failed."""
    root = layout({"solution.py": stub_source})
    settings = (source / "gradescope.toml").read_text()
    (source / "gradescope.toml").write_text(settings + "quik = true\n")
    try:
        process = start(root)
        output, _ = process.communicate(timeout=SECONDS)
    finally:
        (source / "gradescope.toml").write_text(settings)
    assert process.returncode == 2
    assert "quik is not a setting; did you mean quick?" in output
    assert not (root / "results" / "results.json").exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('data = "mnist"', 'must be "cifar10" or "shapes10"'),
        ("quick = 1", "quick must be true or false, got 1"),
        ('hidden_checks = "never"', 'must be "visible" or'),
        ("quick = ", "is not valid TOML"),
    ],
)
def test_load_settings_refuses_slips(tmp_path, line, sentence):
    (tmp_path / "gradescope.toml").write_text(line)
    with pytest.raises(BadSettings, match=sentence):
        load_settings(tmp_path / "gradescope.toml")


def test_load_settings_inverts_settings_text(tmp_path):
    wanted = Settings("shapes10", quick=False, checks="2b.*", hidden_checks="after_published")
    (tmp_path / "gradescope.toml").write_text(settings_text(wanted))
    assert load_settings(tmp_path / "gradescope.toml") == wanted


USERS = {"users": [{"name": "Ada L", "email": "al@uni.edu"}, {"email": "gh@uni.edu"}]}


@pytest.mark.parametrize(
    ("claimed", "student"),
    [
        ("al", "al"),
        ("GH", "GH"),
        ("gh@uni.edu", "gh@uni.edu"),
        ("ada l", "ada l"),
        ("mallory", "al"),
        (None, "al"),
    ],
)
def test_student_of_prefers_the_id_of_the_answers_of_a_submitter(claimed, student):
    """If it is one of the submitters'; else under the first one's, and the report flags it."""
    assert student_of(students_of(USERS), claimed) == student


@pytest.mark.parametrize("metadata", [{}, {"users": None}, {"users": [1, {"email": 2}]}])
def test_student_of_trusts_the_answers_without_metadata(metadata):
    assert student_of(students_of(metadata), "ada") == "ada"
    assert student_of(students_of(metadata), None) == "unknown"


def test_gradescope_bundle_has_executable_programs_and_no_secret():
    content = gradescope_bundle(Settings()).to_zip()
    entries = {e.filename: e for e in zipfile.ZipFile(io.BytesIO(content)).infolist()}
    for name in ("setup.sh", "run_autograder"):
        assert entries[name].external_attr >> 16 & stat.S_IXUSR
    assert "instructor/course_secret" not in entries
    assert not [
        name
        for name in entries
        if name.startswith(("instructor/corpus/attacks", "instructor/corpus/correct"))
    ]


@pytest.mark.parametrize("name", ["setup.sh", "run_autograder"])
def test_gradescope_bundle_programs_have_valid_shell_syntax(source, name):
    assert subprocess.run(["bash", "-n", str(source / name)], check=False).returncode == 0
