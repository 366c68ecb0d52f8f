"""After `batch`, formgrader has every student's written answers beside the gradebook."""

import json
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograder.course.outputs import nbgrader_tree, write_all
from autograder.course.outputs.nbgrader_tree import write_nbgrader_tree
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.outputs.student_files import StudentFiles
from autograder.course.policy import Policy, apply_policy
from autograder.platforms import read_export
from autograder.platforms.nbgrader_gradebook import ASSIGNMENT
from quantlab.paths import KIT
from tests.class_outputs.people import a_record, a_report, an_outcome

RELEASED = (KIT / "main.ipynb").read_text(encoding="utf-8")
ANSWER = "SAWB needs two moments. <script>document.title = 'taken'</script>"
CELLS = {"written-1b", "written-1c", "written-2d", "auto-1a", "auto-1b", "auto-2a", "auto-2b"}
CELLS |= {"auto-2c", "auto-2d", "auto-3"}


def answered(metadata: bool = True) -> str:
    """A notebook with an answer to 1b, a figure, a script, and perhaps no metadata of nbgrader."""
    notebook = nbformat.reads(RELEASED, as_version=4)
    for cell in notebook.cells:
        if cell.id == "written-1b":
            cell.source = ANSWER
        if cell.id == "mse":
            cell.outputs = [
                nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo="}),
                nbformat.v4.new_output("display_data", {"application/javascript": "taken()"}),
                nbformat.v4.new_output("display_data", {"image/svg+xml": "<svg onload='x()'/>"}),
                nbformat.v4.new_output("stream", text="x" * 300_000),
            ]
        if not metadata:
            cell.metadata.pop("nbgrader", None)
    return nbformat.writes(notebook)


def malformed() -> str:
    """A notebook with metadata that nbformat accepts, and half of a surrogate pair."""
    notebook = json.loads(answered())
    notebook["nbformat_minor"] = 4  # whose cells have no ids
    by_id = {cell["id"]: cell for cell in notebook["cells"]}
    by_id["written-1b"]["source"] = f"\ud83d {ANSWER} \ud83d\ude00"
    by_id["written-1b"]["id"] = ["q"]
    by_id["mse"]["metadata"] = {"nbgrader": "x", "id": 5}
    by_id["times"]["metadata"] = {"nbgrader": None, "id": ["q"]}
    return json.dumps(notebook)


STUDENTS = {
    "joan": {"main.ipynb": malformed()},
    "ada": {"main.ipynb": answered()},
    "alan": {"Copy of main.ipynb": answered(metadata=False)},
    "grace": {"report.md": "# Report\n\nClipping loses the tails."},
    "emmy": {"main.ipynb": '{"cells": [', "essay.pdf": "%PDF-1.7"},
    "mary": {"solution.py": "a = 1"},
}


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    """The outputs of a class of five whose notebooks came in different states."""
    place = tmp_path_factory.mktemp("class")
    export = place / "export"
    export.mkdir()
    for student, files in STUDENTS.items():
        with zipfile.ZipFile(export / f"{student}.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
    write(place / "out", export)
    return place / "out"


def write(out: Path, folder: Path) -> None:
    with read_export(folder) as export:
        record = a_record(*(an_outcome(a_report(e.student)) for e in export.entries))
        entries = {entry.student: entry for entry in export.entries}
        scores = apply_policy(record, Policy(), {})
        students = StudentFiles(export, entries)
        write_nbgrader_tree(OutputFiles(out), record, scores, students)


def notebook(out: Path, student: str) -> nbformat.NotebookNode:
    path = out / "nbgrader" / "autograded" / student / ASSIGNMENT / "main.ipynb"
    read = nbformat.read(path, as_version=4)
    nbformat.validate(read)
    return read


def text(out: Path, student: str) -> str:
    return "\n".join(cell.source for cell in notebook(out, student).cells)


@pytest.mark.parametrize("student", STUDENTS)
def test_every_student_has_every_graded_cell_and_scoring_sheet(out, student):
    cells = notebook(out, student).cells
    graded = [c.metadata.nbgrader.grade_id for c in cells if c.metadata.get("nbgrader")]
    assert sorted(graded) == sorted(CELLS)
    assert sum("Scoring sheet" in cell.source for cell in cells) == 3
    automatic = next(c for c in cells if c.id.startswith("auto-1a"))
    assert "30 of 30 automatic points" in automatic.outputs[0].text


@pytest.mark.parametrize("student", ["ada", "alan"])
def test_notebook_keeps_the_answer_in_the_cell_that_is_graded(out, student):
    cells = notebook(out, student).cells
    (cell,) = (
        c for c in cells if (c.metadata.get("nbgrader") or {}).get("grade_id") == "written-1b"
    )
    assert cell.source == ANSWER  # the settings of the course sanitize it when it is shown


def test_notebook_keeps_figures_and_drops_scripts_and_long_outputs(out):
    (cell,) = (c for c in notebook(out, "ada").cells if c.id == "mse")
    kinds = [key for o in cell.outputs for key in o.get("data", {})]
    assert kinds == ["image/png"]
    assert 200_000 <= len(cell.outputs[-1].text) < 201_000


def test_notebook_says_what_was_submitted_instead_of_answers(out):
    assert "There is no notebook" in text(out, "grace")
    assert "Clipping loses the tails." in text(out, "grace")
    assert "can't be read as a notebook" in text(out, "emmy")
    assert "essay.pdf" in text(out, "emmy")
    assert "No other document was submitted." in text(out, "mary")
    assert "For staff" not in text(out, "ada")


def test_notebook_drops_malformed_metadata_and_half_of_a_surrogate_pair(out):
    assert f"? {ANSWER} 😀" in text(out, "joan")
    assert "For staff" not in text(out, "joan")


def test_tree_replaces_a_notebook_that_cannot_be_shown(tmp_path, monkeypatch):
    def deep(notebook, *arguments):
        if notebook is not None and any(cell.source == ANSWER for cell in notebook.cells):
            raise RecursionError
        return writes(notebook, *arguments)

    writes = nbformat.writes
    monkeypatch.setattr(nbgrader_tree.nbformat, "writes", deep)
    (tmp_path / "export" / "ada").mkdir(parents=True)
    (tmp_path / "export" / "ada" / "main.ipynb").write_text(STUDENTS["ada"]["main.ipynb"])
    write(tmp_path / "out", tmp_path / "export")
    assert "can't be shown (RecursionError). The cells below are empty." in text(
        tmp_path / "out", "ada"
    )


def test_tree_is_for_staff_only_and_holds_no_models(out):
    tree = out / "nbgrader"
    assert tree.stat().st_mode & 0o777 == 0o700
    files = [path for path in tree.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"main.ipynb", "nbgrader_config.py"}
    assert {path.stat().st_mode & 0o777 for path in files if path.suffix == ".ipynb"} == {0o600}
    compile((tree / "nbgrader_config.py").read_text(), "nbgrader_config.py", "exec")


def test_second_run_removes_a_student_who_left(out, tmp_path):
    export = tmp_path / "export"
    export.mkdir()
    for name in ("ada", "grace"):
        (export / name).mkdir()
        for file, content in STUDENTS[name].items():
            (export / name / file).write_text(content)
    write(tmp_path / "out", export)
    (export / "grace" / "report.md").unlink()
    (export / "grace").rmdir()
    write(tmp_path / "out", export)
    autograded = tmp_path / "out" / "nbgrader" / "autograded"
    assert [path.name for path in autograded.iterdir()] == ["ada"]


def test_anonymous_tree_has_pseudonyms_and_graded_cells_alone(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(tmp_path / "secret"))
    export = tmp_path / "export" / "lovelace"
    export.mkdir(parents=True)
    named = json.loads(answered())
    for cell in named["cells"]:
        if cell["id"] == "written-1b":
            cell["source"] = "I am lovelace. " + ANSWER
        if cell["id"] == "mse":
            cell["outputs"][-1]["text"] = "made by lovelace"
        cell["metadata"]["executionInfo"] = {"user": {"displayName": "Lovelace"}}
        cell["author"] = "Lovelace"
    named["cells"].append({**named["cells"][0], "id": "of-lovelace", "source": "x" * 300_000})
    named["metadata"]["authors"] = [{"name": "Lovelace"}]
    named["metadata"]["colab"] = {"name": "Lovelace.ipynb"}
    (export / "main.ipynb").write_text(json.dumps(named))
    with read_export(export.parent) as opened:
        record = a_record(an_outcome(a_report("lovelace")))
        write_all(record, tmp_path / "out", Policy(), {}, anonymous=True, export=opened)
    (folder,) = (tmp_path / "out" / "anonymous" / "nbgrader" / "autograded").iterdir()
    assert folder.name.startswith("p-")
    shown = (folder / ASSIGNMENT / "main.ipynb").read_text()
    assert "SAWB needs two moments" in shown
    assert "lovelace" not in shown.casefold()
    assert len(shown) < 300_000
    cells = nbformat.reads(shown, as_version=4).cells
    assert {c.metadata.nbgrader.grade_id for c in cells if "nbgrader" in c.metadata} == CELLS
    automatic = next(c for c in cells if c.id == "auto-1a")
    assert "30 of 30 automatic points" in automatic.outputs[0].text
