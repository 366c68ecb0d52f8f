"""Whatever happened to its graded cells, a notebook comes out with each of them once."""

import copy

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.platforms.nbgrader_course.repair import repair

GRADED = ("auto-1a", "auto-1b", "written-1b", "written-1c", "auto-2a", "auto-2b", "auto-2c")


@pytest.fixture
def submitted(released) -> NotebookNode:
    return copy.deepcopy(released)


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in notebook.cells if name in (c.get("id"), c.metadata.get("id")))


def graded(notebook: NotebookNode) -> list[str]:
    return [c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata]


def metadata(notebook: NotebookNode) -> list[dict]:
    return [c.metadata.nbgrader for c in notebook.cells if "nbgrader" in c.metadata]


def test_a_whole_notebook_stays_as_it_is(released, submitted):
    assert repair(released, submitted) == []
    assert submitted == released


def test_lost_metadata_comes_back_by_the_cells_id(released, submitted):
    for found in submitted.cells:
        found.metadata.pop("nbgrader", None)
    cell(submitted, "written-1b").source = "An answer."
    changes = repair(released, submitted)
    assert metadata(submitted) == metadata(released)
    assert cell(submitted, "written-1b").metadata.nbgrader.grade_id == "written-1b"
    assert len(changes) == len(graded(released))


def test_colab_keeps_ids_in_the_metadata_only(released, submitted):
    for number, found in enumerate(submitted.cells):
        found.metadata.pop("nbgrader", None)
        found["id"] = f"colab{number}"
    repair(released, submitted)
    assert graded(submitted) == graded(released)


def test_without_any_id_an_equal_source_tells(released, submitted):
    for found in submitted.cells:
        found.metadata.clear()
        del found["id"]
    submitted.nbformat_minor = 0
    repair(released, submitted)
    assert [name for name in graded(submitted) if name.startswith("auto")] == [
        name for name in graded(released) if name.startswith("auto")
    ]
    nbformat.validate(submitted)


def test_of_two_copies_one_is_graded(released, submitted):
    place = submitted.cells.index(cell(submitted, "auto-1a"))
    submitted.cells.insert(place, copy.deepcopy(submitted.cells[place]))
    changes = repair(released, submitted)
    assert graded(submitted) == graded(released)
    assert changes == ["a second cell 'auto-1a' is not graded."]
    nbformat.validate(submitted)  # the ids differ again


@pytest.mark.parametrize("first", [True, False])
def test_of_two_copies_of_an_answer_the_written_one_counts(released, submitted, first):
    place = submitted.cells.index(cell(submitted, "written-1b"))
    submitted.cells.insert(place, copy.deepcopy(submitted.cells[place]))
    submitted.cells[place if first else place + 1].source = "An answer."
    repair(released, submitted)
    (counted,) = (
        c for c in submitted.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "written-1b"
    )
    assert counted.source == "An answer."


def test_a_deleted_cell_is_put_back_where_it_was(released, submitted):
    for name in ("auto-3", "written-1c"):
        submitted.cells.remove(cell(submitted, name))
    changes = repair(released, submitted)
    assert [c.id for c in submitted.cells] == [c.id for c in released.cells]
    assert sorted(changes) == [
        "cell auto-3 was missing; it is added empty.",
        "cell written-1c was missing; it is added empty.",
    ]


def test_points_and_locks_are_those_of_the_release(released, submitted):
    cell(submitted, "auto-1a").metadata.nbgrader.points = 300
    cell(submitted, "auto-1a").metadata.nbgrader.locked = False
    repair(released, submitted)
    assert metadata(submitted) == metadata(released)


def test_a_cell_of_another_kind_does_not_take_a_place(released, submitted):
    wrong = cell(submitted, "auto-1a")
    wrong.cell_type = "markdown"
    del wrong["outputs"], wrong["execution_count"]
    repair(released, submitted)
    (counted,) = (
        c for c in submitted.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "auto-1a"
    )
    assert counted.cell_type == "code"


def test_made_up_metadata_is_taken_off(released, submitted):
    cell(submitted, "mse").metadata.nbgrader = {"grade": True, "grade_id": "mine", "points": 99}
    repair(released, submitted)
    assert graded(submitted) == graded(released)
