"""A made-up class: the same each time, in every layout, with the submissions that it lists."""

import json
from collections import Counter
from pathlib import Path

import pytest

from authoring.cli import cli as authoring
from authoring.rehearse.comparison import CannotCompare, compare_class, find_differences
from authoring.rehearse.generated_class import RehearsalOptions, make_class
from authoring.rehearse.layouts import LAYOUTS
from autograder.platforms import SOURCES, read_export
from quantlab.intake.submission import UnreadableSubmission

FEW = "1a.linear_dequantize.*"


def write_class(folder: Path, layout: str, **changes) -> tuple[Path, dict]:
    options = {"count": 60, "seed": 1, "dataset": "shapes10", "check": FEW, **changes}
    export = make_class(RehearsalOptions(out=folder, layout=layout, **options))
    return export, json.loads((folder / "expected.json").read_text())["students"]


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_rehearsal_layouts_cover_every_export_source():
    assert set(LAYOUTS) == set(SOURCES)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_make_class_writes_what_read_export_reads(tmp_path, layout):
    folder, expected = write_class(tmp_path, layout)
    with read_export(folder) as export:
        assert (export.source, export.problems) == (layout, ())
        assert {entry.student for entry in export.entries} == set(expected)
        for entry in export.entries:
            expectation = expected[entry.student]
            if expectation["refused"]:
                with pytest.raises(UnreadableSubmission):
                    export.submission(entry)
                continue
            submission = export.submission(entry)
            assert submission.student == entry.student
            has_solution = submission.solution is not None
            broken = expectation["origin"] in {
                "faults/no solution.py",
                "faults/two solutions",
            }
            assert has_solution != broken, expectation["origin"]
            assert not any("was made by" in flag for flag in submission.flags)


def test_make_class_expects_the_scores_of_the_latest_attempt(tmp_path, stub_source):
    folder, expected = write_class(tmp_path, "canvas")
    again = 0
    with read_export(folder) as export:
        for entry in export.entries:
            if entry.attempt > 1 and expected[entry.student]["origin"] != "faults/untouched":
                again += 1
                assert export.submission(entry).solution != stub_source
    assert again


def test_make_class_repeats_a_class_for_equal_seeds(tmp_path):
    first, expected = write_class(tmp_path / "a", "moodle", count=12)
    second, _ = write_class(tmp_path / "b", "moodle", count=12)
    other, _ = write_class(tmp_path / "c", "moodle", count=12, seed=2)
    assert files(first) == files(second)
    assert files(first) != files(other)
    assert len(expected) == 12


def test_make_class_contains_every_kind_of_submission(tmp_path):
    _, expected = write_class(tmp_path, "folder", count=400)
    kinds = Counter(expectation["origin"].split("/")[0] for expectation in expected.values())
    assert set(kinds) == {"reference", "alternatives", "mutants", "exploits", "faults"}
    faults = {
        expectation["origin"]
        for expectation in expected.values()
        if expectation["origin"].startswith("faults/")
    }
    assert len(faults) == 11


def test_make_class_submits_groups_together(tmp_path):
    folder, _ = write_class(tmp_path, "gradescope")
    with read_export(folder) as export:
        groups = [entry for entry in export.entries if len(entry.members) > 1]
    assert groups
    assert all(entry.student == "-".join(entry.members) for entry in groups)


def test_make_class_writes_tables_and_models_that_a_check_reads(tmp_path):
    folder, expected = write_class(tmp_path, "folder", count=3, check="[123][bcd]*", seed=4)
    for student, expectation in expected.items():
        if expectation["origin"].split("/")[0] in ("reference", "mutants", "alternatives"):
            names = {path.name for path in (folder / student).iterdir()}
            assert names == {"work.zip"} or {"answers.json", "ResNet20_W2A2.pt"} <= names


def test_make_class_nests_zips_in_zips(tmp_path):
    folder, expected = write_class(
        tmp_path, "folder", count=400, check="1a.linear_dequantize.values", seed=1
    )
    nested = [
        s for s, expectation in expected.items() if expectation["origin"] == "faults/zip in a zip"
    ]
    assert nested
    for student in nested:
        assert [path.name for path in (folder / student).iterdir()] == ["hw3.zip"]


KNOWN = {
    "ada": {"origin": "reference", "refused": False, "points": {"1a.a": 2.0, "1a.b": 1.0}},
    "alan": {"origin": "faults/no bytes", "refused": True, "points": {}},
}


@pytest.mark.parametrize(
    ("graded", "student", "sentence"),
    [
        ({"ada": {"1a.a": 2.0, "1a.b": 0.0}}, "ada", "(reference) 1a.b: expected 1.0, got 0.0"),
        ({}, "ada", "(reference) has no report"),
        ({"ada": KNOWN["ada"]["points"], "alan": {}}, "alan", "must be refused"),
        ({"ada": KNOWN["ada"]["points"], "eve": {}}, "eve", "not in the class"),
    ],
)
def test_find_differences_names_student_origin_and_check(graded, student, sentence):
    differences = find_differences(KNOWN, graded)
    assert list(differences) == [student]
    assert sentence in differences[student]


def test_compare_class_says_what_is_missing(tmp_path):
    with pytest.raises(CannotCompare, match="Run rehearse make"):
        compare_class(tmp_path, tmp_path)
    (tmp_path / "expected.json").write_text('{"students": {}}')
    with pytest.raises(CannotCompare, match="contains no results"):
        compare_class(tmp_path, tmp_path)


def test_rehearse_make_uses_shapes10_aloud_without_cifar10(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("authoring.available_data.cifar10_root", lambda split: None)
    arguments = ["rehearse", "make", "--out", str(tmp_path), "--count", "2", "--check", FEW]
    assert authoring(arguments, standalone_mode=False) == 0
    said = capsys.readouterr().out
    assert "Shapes-10, drawn by the kit" in said
    assert "--data shapes10" in said


@pytest.mark.long
def test_rehearse_run_makes_grades_and_compares(tmp_path, capsys, course_secret_file):
    arguments = ["rehearse", "run", "--out", str(tmp_path), "--count", "5", "--check", FEW]
    arguments += ["--data", "shapes10", "--layout", "moodle"]
    assert authoring(arguments, standalone_mode=False) == 0
    assert "Every result is the expected one." in capsys.readouterr().out
    (report, *_) = (tmp_path / "results" / "staff" / "reports").glob("*/report.json")
    content = json.loads(report.read_bytes())
    content["checks"][0]["points"] += 1
    report.write_text(json.dumps(content))
    compare = ["rehearse", "compare", str(tmp_path), str(tmp_path / "results")]
    assert authoring(compare, standalone_mode=False) == 1
    assert report.parent.name in capsys.readouterr().out
