"""The example submissions, marked by the real command: real walls, real models, real images.

On Shapes-10, which is always there, and on CIFAR-10 where it is.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from authoring.examples import HALF_RIGHT, MissingModels, write_examples
from autograder.__main__ import main
from autograder.paths import reference_models
from quantlab.data.cifar10 import load_cifar10
from quantlab.errors import DataNotFound


@pytest.fixture(
    scope="module",
    params=[
        "shapes10",
        pytest.param("cifar10", marks=[pytest.mark.cifar10, pytest.mark.long]),
    ],
)
def marks(request, tmp_path_factory):
    """Every example marked once per data set: `status`, `out`, and the reports by student."""
    dataset = request.param
    if dataset == "cifar10":
        try:
            load_cifar10("test")
        except DataNotFound as reason:
            pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp(dataset)
    secret = folder / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_SECRET_FILE", str(secret))
        submissions = write_examples(dataset, folder / "submissions")
        out = folder / "marks"
        arguments = ["grade", *map(str, submissions), "--out", str(out)]
        status = main([*arguments, "--data", dataset, "--jobs", "2"])
    reports = {
        path.name: json.loads((out / path.name / "report.json").read_text()) for path in submissions
    }
    return SimpleNamespace(dataset=dataset, folder=folder, status=status, out=out, reports=reports)


def losing_questions(report: dict) -> set[str]:
    return {
        check["question"]
        for check in report["checks"]
        if check["source"] != "person" and check["points"] < check["max_points"]
    }


def test_grade_leaves_no_example_to_staff(marks):
    assert marks.status == 0
    assert all(report["needs_staff"] == [] for report in marks.reports.values())


def test_grade_gives_the_reference_every_automatic_point(marks):
    report = marks.reports["reference"]
    lost = [c for c in report["checks"] if c["source"] != "person" and c["verdict"] != "correct"]
    assert lost == []
    assert report["auto_score"] == report["auto_max"] == 121
    assert len(report["models"]) == 6
    assert not report["provisional"]


def test_grade_measures_models_on_all_test_images(marks):
    images = {"cifar10": 10_000, "shapes10": 2_000}[marks.dataset]
    assert {model["images"] for model in marks.reports["reference"]["models"]} == {images}


def test_grade_measures_the_recorded_accuracies(marks):
    for model in marks.reports["reference"]["models"]:
        if model["name"].endswith(".pt"):
            path = reference_models(marks.dataset) / model["name"]
            record = json.loads(path.with_suffix(".json").read_text())
            assert model["accuracy"] == pytest.approx(record["test_accuracy"], abs=0.1)


def test_grade_gives_the_stub_no_points(marks):
    report = marks.reports["untouched-stub"]
    assert report["auto_score"] == 0
    assert {check["verdict"] for check in report["checks"]} == {"missing"}


@pytest.mark.parametrize("example", HALF_RIGHT, ids=lambda example: example.name)
def test_grade_deducts_points_in_the_question_an_example_breaks(marks, example):
    assert losing_questions(marks.reports[example.name]) == {example.breaks}


def test_grade_stops_a_loop_and_grades_the_rest(marks):
    report = marks.reports["loops-for-ever"]
    lost = {c["id"]: c["verdict"] for c in report["checks"] if c["points"] < c["max_points"]}
    timeouts = {id for id, verdict in lost.items() if verdict == "timeout"}
    assert {"1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"} <= timeouts
    assert losing_questions(report) == {"1a"}


def test_grade_ignores_scores_that_a_submission_writes(marks):
    report = marks.reports["writes-its-own-score"]
    quantize = [c for c in report["checks"] if c["id"].startswith("1a.linear_quantize")]
    assert {check["verdict"] for check in quantize} == {"crash"}
    assert report["auto_score"] < 121
    for name in ("report.json", "results.json"):
        for folder in (marks.folder, Path("/tmp"), Path.home(), Path.cwd()):
            assert not (folder / name).exists()


def test_grade_writes_a_page_and_a_row_per_student(marks):
    rows = (marks.out / "summary.csv").read_text().splitlines()
    assert len(rows) == 1 + len(marks.reports) == 10
    for student in marks.reports:
        page = (marks.out / student / "report.html").read_text()
        assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")


def test_write_examples_explains_missing_reference_models(tmp_path, monkeypatch):
    monkeypatch.setattr("authoring.examples.reference_models", lambda dataset: tmp_path / dataset)
    with pytest.raises(MissingModels, match="python -m baselines table1 --only qat"):
        write_examples("shapes10", tmp_path / "out")
