"""The scoring sheets: criteria that add up to the rubric, under the answers they are about."""

import copy

import pytest

from autograder.platforms.nbgrader_course.criteria import SHEETS, BadSheets, load_sheets
from autograder.platforms.nbgrader_course.sheets import WRITTEN_CHECKS, MarkingSheets

WRITTEN = ("1b", "1c", "2d")


def test_load_sheets_has_criteria_that_add_up_for_each_written_answer(rubric):
    sheets = load_sheets(rubric, WRITTEN_CHECKS)
    assert tuple(sheets) == WRITTEN
    total = sum(criterion.points for criteria in sheets.values() for criterion in criteria)
    assert total == 19


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            "points = 1.5",
            "points = 2.5",
            "expected 4 points for 1b.explanation as in the rubric, got 5",
        ),
        (
            '["1c.comparison"]',
            '["1c.other"]',
            "expected criteria for 1b.explanation, 1c.comparison",
        ),
        ("look_for", "lookfor", "lookfor is not a setting; did you mean look_for?"),
    ],
)
def test_load_sheets_refuses_a_slip(tmp_path, rubric, before, after, sentence):
    path = tmp_path / "sheets.toml"
    path.write_text(SHEETS.read_text().replace(before, after, 1))
    with pytest.raises(BadSheets, match=sentence):
        load_sheets(rubric, WRITTEN_CHECKS, path)


def test_scoring_sheets_follow_each_written_answer_exactly_once(released):
    notebook = copy.deepcopy(released)
    for _ in range(2):  # marking again adds nothing
        notebook, _ = MarkingSheets().preprocess(notebook, {})
    names = [cell.id for cell in notebook.cells]
    assert len(names) == len(set(names)) == len(released.cells) + len(WRITTEN)
    for question in WRITTEN:
        sheet = notebook.cells[names.index(f"written-{question}") + 1]
        assert sheet.id == f"marking-sheet-{question}"
        assert "| points | for |" in sheet.source
        assert "nbgrader" not in sheet.metadata
