"""What a student gets: everything the assignment needs, nothing of the grader, no answer."""

import hashlib
import json
import re

import pytest

from authoring.build.stub import STUB
from authoring.release import standalone_check
from authoring.release.bundle import Bundle
from authoring.release.command import ReleaseOptions, build_release, content_problems
from authoring.release.standalone_check import CHECKS, IMPORTS, STUBS, Program, find_problems
from authoring.release.student import NOTEBOOK, student_bundle
from quantlab.paths import KIT

ADDRESS = "https://example.org/2026/colab.zip"
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def student(files) -> Bundle:
    return student_bundle(files, ADDRESS)


def test_student_bundle_contains_what_the_assignment_needs(student):
    needed = {
        *("solution.py", NOTEBOOK, "README.md", "AGENTS.md", "requirements.txt"),
        *("data/README.md", "checkpoints/resnet20_cifar10.pt", "checkpoints/resnet20_shapes10.pt"),
        *(
            "quantlab/__init__.py",
            "quantlab/arithmetic/integer_kernels.py",
            "quantlab/evaluation/integer_network.py",
        ),
    }
    assert needed <= student.files.keys()
    assert any(name.startswith("tests/public/") for name in student.files)
    assert student.files["solution.py"] == STUB.read_bytes()


def test_student_bundle_notebook_has_address_and_digest_of_its_files(student, files):
    """Its first cells fetch colab.zip and compare the digest: both are those of this release."""
    text = student.files[NOTEBOOK].decode()
    assert NOTEBOOK not in files.files
    assert ADDRESS in text
    assert hashlib.sha256(files.to_zip()).hexdigest() in text


def test_student_bundle_notebook_has_no_digest_without_an_address(files):
    text = student_bundle(files, "").files[NOTEBOOK].decode()
    assert not re.search(r"[0-9a-f]{64}", text)
    assert 'BUNDLE = \\"\\"' in text


def test_student_bundle_requires_jupyter_but_no_report_packages(student):
    wanted = student.files["requirements.txt"].decode().splitlines()
    names = {re.split(r"[<>=]", line)[0] for line in wanted}
    assert {"torch", "matplotlib", "jupyter", "ipywidgets"} <= names
    assert not {"rich", "jinja2", "nbgrader"} & names


def test_build_release_passes_the_content_checks():
    built_release = build_release(ReleaseOptions(KIT / "dist", "course", ADDRESS))
    assert list(content_problems(built_release, SECRET)) == []


def test_content_problems_reports_a_solved_function(reference_source):
    """The proof as the release runs it, with a leak in the place where one would happen."""
    built_release = build_release(ReleaseOptions(KIT / "dist", "course", ADDRESS))
    built_release.student.files["quantlab/notebook/plots.py"] = reference_source.encode()
    complaints = list(content_problems(built_release, SECRET))
    assert any(
        "quantlab/notebook/plots.py contains a part of the reference" in line for line in complaints
    )
    assert any("BEGIN SOLUTION" in line for line in complaints)


@pytest.mark.long
def test_find_problems_accepts_the_student_bundle(student):
    assert list(find_problems(student)) == []


def test_find_problems_reports_an_import_of_the_autograder(student):
    leaning = {**student.files, "quantlab/extra.py": b"import autograder\n"}
    complaints = list(find_problems(Bundle("the bundle", leaning), [IMPORTS]))
    assert any("No module named 'autograder'" in line for line in complaints)


def test_find_problems_reports_a_program_that_hangs(student, monkeypatch):
    monkeypatch.setattr(standalone_check, "SECONDS", 1)
    hanging = Program("import the kit", ("-c", "import time; time.sleep(1_000_000)"))
    (complaint,) = find_problems(student, [hanging])
    assert "it does not import the kit within 1 s. Run release again" in complaint


def test_find_problems_reports_a_written_function(student):
    solved = {**student.files, "solution.py": b"def f(x):\n    return x\n"}
    complaints = list(find_problems(Bundle("the bundle", solved), [STUBS]))
    assert any("f is not a stub" in line for line in complaints)


def test_find_problems_reports_missing_stored_answers(student):
    less = {name: c for name, c in student.files.items() if not name.endswith(".checks")}
    complaints = list(find_problems(Bundle("the bundle", less), [CHECKS]))
    assert any("run the public checks" in line for line in complaints)


def test_student_bundle_notebook_has_only_comments_in_point_cells(student):
    """The cells that receive points are comments: they run anywhere and say nothing."""
    cells = json.loads(student.files[NOTEBOOK])["cells"]
    graded = [cell for cell in cells if cell["id"].startswith("auto-")]
    assert len(graded) == 7
    for cell in graded:
        source = "".join(cell["source"])
        assert all(line.startswith("#") for line in source.splitlines())
