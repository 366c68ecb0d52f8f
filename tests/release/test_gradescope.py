"""The zip that is uploaded to Gradescope: set up and run as it ships, and what it needs."""

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from authoring.release import grading_check
from authoring.release.command import Release, ReleaseOptions, build_release
from authoring.release.process_usage import Footprint, measure
from authoring.release.student import NOTEBOOK
from autograder.engine.rubric import load_rubric
from autograder.platforms.gradescope_harness import load_settings
from quantlab.data.cifar10 import load_dataset
from quantlab.errors import DataNotFound

DATASETS = ["shapes10", pytest.param("cifar10", marks=pytest.mark.cifar10)]
ALLOCATES = "x = bytearray(b'1') * {size}; import time; time.sleep(1.5)"
STARTS_ANOTHER = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def release_of(dataset: str) -> Release:
    try:
        load_dataset(dataset, "test")
    except DataNotFound as reason:
        pytest.skip(str(reason))
    return build_release(ReleaseOptions(Path("dist"), dataset=dataset))


def test_gradescope_zip_measures_all_images(tmp_path):
    content = build_release(ReleaseOptions(Path("dist"))).gradescope.to_zip()
    zipfile.ZipFile(BytesIO(content)).extract("gradescope.toml", tmp_path)
    settings = load_settings(tmp_path / "gradescope.toml")
    assert (settings.data, settings.quick, settings.checks) == ("cifar10", False, "*")


@pytest.mark.long
@pytest.mark.parametrize("dataset", DATASETS)
def test_gradescope_zip_gives_the_reference_every_point(tmp_path, dataset):
    built_release = release_of(dataset)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # the user who runs students' code has to enter
    solved = built_release.solved.files[NOTEBOOK].decode()
    grading_check.write_submissions(
        tmp_path / "submissions", dataset, built_release.student, solved
    )
    points = grading_check.automatic_points(load_rubric())
    submissions = grading_check.ProofSubmissions(tmp_path / "submissions", dataset, points)
    proof = grading_check.GradescopeProof(built_release.gradescope.to_zip())
    assert list(proof.problems(submissions, tmp_path / "autograder")) == []
    assert points == 121
    assert proof.footprint is not None
    assert 2**28 < proof.footprint.memory < 2**30
    assert (tmp_path / "autograder" / "source" / "instructor" / "course_secret").is_file()


def test_measure_adds_up_a_process_and_its_children():
    allocates = ALLOCATES.format(size=100_000_000)
    command = [sys.executable, "-c", STARTS_ANOTHER, allocates]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    ended, footprint = measure(process, timeout=60)
    assert ended.returncode == 0
    assert 100_000_000 < footprint.memory < 200_000_000
    assert footprint.processor > 0


def test_measure_kills_what_runs_too_long():
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        measure(process, timeout=0.5)
    assert process.poll() is not None


@pytest.mark.parametrize(
    ("mebibytes", "container"),
    [
        (700, "0.5 CPU and 0.75 GB"),
        (800, "1 CPU and 1.5 GB"),
        (2_000, "2 CPU and 3 GB"),
        (9_000, "4 CPU and 6 GB"),
    ],
)
def test_footprint_names_the_smallest_container_that_holds_it(mebibytes, container):
    sentence = Footprint(mebibytes * 2**20, 30.4).sentence()
    assert container in sentence
    assert f"{mebibytes:,} MiB" in sentence
    assert "30 s of processor time (61 s on half a processor)" in sentence
