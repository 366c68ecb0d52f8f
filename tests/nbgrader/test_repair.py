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


def test_repair_keeps_a_complete_notebook_unchanged(released, submitted):
    assert repair(released, submitted) == []
    assert submitted == released


def test_repair_restores_metadata_by_cell_id(released, submitted):
    for stripped in submitted.cells:
        stripped.metadata.pop("nbgrader", None)
    cell(submitted, "written-1b").source = "An answer."
    changes = repair(released, submitted)
    assert metadata(submitted) == metadata(released)
    assert cell(submitted, "written-1b").metadata.nbgrader.grade_id == "written-1b"
    assert len(changes) == len(graded(released))


def test_repair_restores_cells_by_ids_in_the_metadata_of_colab(released, submitted):
    for number, stripped in enumerate(submitted.cells):
        stripped.metadata.pop("nbgrader", None)
        stripped["id"] = f"colab{number}"
    repair(released, submitted)
    assert graded(submitted) == graded(released)


def test_repair_restores_cells_without_any_id_by_their_source(released, submitted):
    for stripped in submitted.cells:
        stripped.metadata.clear()
        del stripped["id"]
    submitted.nbformat_minor = 0
    repair(released, submitted)
    assert [name for name in graded(submitted) if name.startswith("auto")] == [
        name for name in graded(released) if name.startswith("auto")
    ]
    nbformat.validate(submitted)


def test_repair_grades_only_a_single_copy_of_a_cell(released, submitted):
    place = submitted.cells.index(cell(submitted, "auto-1a"))
    submitted.cells.insert(place, copy.deepcopy(submitted.cells[place]))
    changes = repair(released, submitted)
    assert graded(submitted) == graded(released)
    assert changes == ["a second cell 'auto-1a' is not graded."]
    nbformat.validate(submitted)  # the ids differ again


@pytest.mark.parametrize("first", [True, False])
def test_repair_grades_the_copy_with_a_written_answer(released, submitted, first):
    place = submitted.cells.index(cell(submitted, "written-1b"))
    submitted.cells.insert(place, copy.deepcopy(submitted.cells[place]))
    submitted.cells[place if first else place + 1].source = "An answer."
    repair(released, submitted)
    (counted,) = (
        c for c in submitted.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "written-1b"
    )
    assert counted.source == "An answer."


def test_repair_restores_a_deleted_cell_in_its_place(released, submitted):
    for name in ("auto-3", "written-1c"):
        submitted.cells.remove(cell(submitted, name))
    changes = repair(released, submitted)
    assert [c.id for c in submitted.cells] == [c.id for c in released.cells]
    assert sorted(changes) == [
        "cell auto-3 was missing; it is added empty.",
        "cell written-1c was missing; it is added empty.",
    ]


def test_repair_restores_points_and_locks_of_the_release(released, submitted):
    cell(submitted, "auto-1a").metadata.nbgrader.points = 300
    cell(submitted, "auto-1a").metadata.nbgrader.locked = False
    repair(released, submitted)
    assert metadata(submitted) == metadata(released)


def test_repair_replaces_a_cell_of_another_kind(released, submitted):
    wrong = cell(submitted, "auto-1a")
    wrong.cell_type = "markdown"
    del wrong["outputs"], wrong["execution_count"]
    repair(released, submitted)
    (counted,) = (
        c for c in submitted.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "auto-1a"
    )
    assert counted.cell_type == "code"


def test_repair_removes_malformed_metadata(released, submitted):
    cell(submitted, "written-1b").metadata = NotebookNode({"nbgrader": "x", "id": ["q"]})
    cell(submitted, "mse").metadata.nbgrader = [1]
    repair(released, submitted)
    assert metadata(submitted) == metadata(released)


def test_repair_removes_invented_metadata(released, submitted):
    cell(submitted, "mse").metadata.nbgrader = {"grade": True, "grade_id": "mine", "points": 99}
    repair(released, submitted)
    assert graded(submitted) == graded(released)
