"""A made-up class: the same each time, in every layout, with the submissions that it lists."""

import json
from collections import Counter
from pathlib import Path

import pytest

from authoring.rehearse.generated_class import RehearsalOptions, make_class
from authoring.rehearse.layouts import LAYOUTS
from autograder.platforms import SOURCES, read_export
from quantlab.intake.submission import UnreadableSubmission

FEW = "1a.linear_dequantize.*"


def made(folder: Path, layout: str, **changes) -> tuple[Path, dict]:
    given = {"count": 60, "seed": 1, "dataset": "shapes10", "check": FEW, **changes}
    export = make_class(RehearsalOptions(out=folder, layout=layout, **given))
    return export, json.loads((folder / "expected.json").read_text())["students"]


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_system_that_can_be_read_can_be_rehearsed():
    assert set(LAYOUTS) == set(SOURCES)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_put_in_is_what_is_read(tmp_path, layout):
    folder, expected = made(tmp_path, layout)
    with read_export(folder) as export:
        assert (export.source, export.problems) == (layout, ())
        assert {entry.student for entry in export.entries} == set(expected)
        for entry in export.entries:
            known = expected[entry.student]
            if known["refused"]:
                with pytest.raises(UnreadableSubmission):
                    export.submission(entry)
                continue
            found = export.submission(entry)
            assert found.student == entry.student
            has_solution = found.solution is not None
            broken = known["origin"] in {
                "faults/no solution.py",
                "faults/two solutions",
            }
            assert has_solution != broken, known["origin"]
            assert not any("was made by" in flag for flag in found.flags)


def test_the_latest_attempt_is_the_one_whose_marks_are_known(tmp_path, stub_source):
    folder, expected = made(tmp_path, "canvas")
    again = 0
    with read_export(folder) as export:
        for entry in export.entries:
            if entry.attempt > 1 and expected[entry.student]["origin"] != "faults/untouched":
                again += 1
                assert export.submission(entry).solution != stub_source
    assert again


def test_equal_seeds_give_equal_classes_and_others_do_not(tmp_path):
    first, expected = made(tmp_path / "a", "moodle", count=12)
    second, _ = made(tmp_path / "b", "moodle", count=12)
    other, _ = made(tmp_path / "c", "moodle", count=12, seed=2)
    assert files(first) == files(second)
    assert files(first) != files(other)
    assert len(expected) == 12


def test_a_class_has_something_of_everything(tmp_path):
    _, expected = made(tmp_path, "folder", count=400)
    kinds = Counter(one["origin"].split("/")[0] for one in expected.values())
    assert set(kinds) == {"reference", "alternatives", "mutants", "exploits", "faults"}
    faults = {one["origin"] for one in expected.values() if one["origin"].startswith("faults/")}
    assert len(faults) == 11


def test_groups_hand_in_together(tmp_path):
    folder, _ = made(tmp_path, "gradescope")
    with read_export(folder) as export:
        groups = [entry for entry in export.entries if len(entry.members) > 1]
    assert groups
    assert all(entry.student == "-".join(entry.members) for entry in groups)


def test_tables_and_models_are_there_where_a_check_looks_at_them(tmp_path):
    folder, expected = made(tmp_path, "folder", count=3, check="[123][bcd]*", seed=4)
    for student, known in expected.items():
        if known["origin"].split("/")[0] in ("reference", "mutants", "alternatives"):
            names = {path.name for path in (folder / student).iterdir()}
            assert names == {"work.zip"} or {"answers.json", "ResNet20_W2A2.pt"} <= names


def test_one_zip_may_lie_in_another_but_three_deep_is_no_hand_in(tmp_path):
    folder, expected = made(
        tmp_path, "folder", count=400, check="1a.linear_dequantize.values", seed=1
    )
    nested = [s for s, known in expected.items() if known["origin"] == "faults/zip in a zip"]
    assert nested
    for student in nested:
        assert [path.name for path in (folder / student).iterdir()] == ["hw3.zip"]
