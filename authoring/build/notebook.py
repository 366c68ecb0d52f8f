"""Build the notebooks from `instructor/notebook/`: the student's, the solved one, nbgrader's.

    python -m authoring build           # writes main.ipynb
    python -m authoring build --check   # writes nothing; exit status 1 when main.ipynb drifted

The files of the master have jupytext's percent format and are joined in the order of `PARTS`.
The attributes of a cell are

    cell="mse"     its id, the same in every build; required
    role="drop"    for the instructor; in no notebook
    role="parameters"  may be replaced by papermill; a form in Colab
    role="form"    a form in Colab, folded in Jupyter
    role="auto"    receives the points of a question's automatic checks; its id is auto-1a, ...
    role="written" an answer in words, graded by staff; its id is written-1b, ... The reference's
                   answer is between BEGIN SOLUTION and END SOLUTION
    role="exercise" question="2d"  functions that students write in the notebook, without points.
                   Their bodies are between the markers; a student's raise NotImplementedError

`{{points 1a}}`, `{{threshold W4A4}}` (of CIFAR-10) and the points of the graded cells come from the
rubric; `{{bundle}}`, `{{bundle_sha256}}` and `{{badge}}` from a `Bundle`, which the release fills;
`{{motivation}}` and `{{motivation caption}}` are the picture of `authoring.build.motivation`.
"""

import ast
import copy
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jupytext
import nbformat

from authoring.build.generated_file import write_or_compare
from authoring.build.motivation_record import caption, markdown_image, read_motivation
from authoring.build.stub import BEGIN, END, BadMaster, make_stub
from autograder.checks import ALL_CHECKS
from autograder.engine.rubric import Rubric, load_rubric
from quantlab.formats.written_answers import STUB_ANSWER
from quantlab.paths import KIT

MASTER = KIT / "instructor" / "notebook"
PARTS = ("start", "question_1", "question_2", "question_2d", "question_3", "submit")
NOTEBOOK = KIT / "main.ipynb"
FORM = re.compile(r"# ?@title")
NAME = re.compile(r"\{\{(.*?)\}\}")
METADATA = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": [], "toc_visible": True},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
ROLES = ("drop", "parameters", "form", "auto", "written", "exercise")


class BadNotebook(Exception):
    """Report why the master cannot become a notebook: a cell's id, its markers, or a name."""


@dataclass(frozen=True)
class Bundle:
    """Hold the address of the released kit, for a notebook that is opened in Colab.

    `url` is that of a zip with quantlab/, `sha256` its digest, `badge` that of the Colab badge.
    """

    url: str = ""
    sha256: str = ""
    badge: str = "https://colab.research.google.com/"


def student_notebook(bundle: Bundle | None = None) -> str:
    """Return the student's notebook as JSON, without answers or outputs. Raises `BadNotebook`."""
    return _text(_mapped(_read(bundle), _without_solution))


def solved_notebook(bundle: Bundle | None = None) -> str:
    """Return the notebook with the reference's answers and exercises. Raises `BadNotebook`."""
    return _text(_mapped(_read(bundle, solved=True), _without_markers))


def nbgrader_notebook(bundle: Bundle | None = None) -> str:
    """Return the source that `nbgrader generate_assignment` reads. Raises `BadNotebook`."""
    return _text(_read(bundle))


def master_text() -> str:
    """Return the parts of the master, joined, in percent format. Raises `OSError`."""
    return "\n\n".join((MASTER / f"{part}.py").read_text(encoding="utf-8") for part in PARTS)


def _read(bundle: Bundle | None, solved: bool = False) -> Any:
    """Return the master as a notebook with only the intended metadata.

    nbgrader has one stub for all cells, so an exercise is a stub from here on, or `solved`.
    """
    rubric = load_rubric()
    source = _filled_in(master_text(), rubric, bundle or Bundle())
    notebook = jupytext.reads(source, fmt="py:percent")
    names: set[str] = set()
    cells = []
    for number, cell in enumerate(notebook.cells, start=1):
        role = cell.metadata.get("role")
        if role is not None and role not in ROLES:
            raise BadNotebook(f"Cell {number} has the role {role!r}: choose from {ROLES}.")
        if role == "drop":
            continue
        name = cell.metadata.get("cell")
        if not name or name in names:
            raise BadNotebook(
                f"Cell {number} ({cell.source[:40]!r}) has "
                f"{'no id' if not name else f'the id {name!r} of another cell'}: give it its own."
            )
        names.add(name)
        if role == "exercise":
            cell.source = _exercise(cell, name, solved)
        elif role != "written" and (BEGIN in cell.source or END in cell.source):
            raise BadNotebook(f"Cell {name} has solution markers, but is not a written answer.")
        if role == "auto":
            question = name.removeprefix("auto-")
            cell.source = (
                f"# Question {question}: empty on purpose. In a course with nbgrader, your points "
                "appear here in the feedback."
            )
        cells.append(_cell(cell, name, role, rubric))
    built = nbformat.v4.new_notebook(cells=cells, metadata=copy.deepcopy(METADATA))
    built.nbformat_minor = 5
    nbformat.validate(built)
    return built


def _exercise(cell: Any, name: str, solved: bool) -> str:
    """Return the source of an exercise: a student's, or with `solved` the reference's."""
    try:
        functions = [
            node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)
        ]
        question = cell.metadata["question"]
        stub = make_stub(cell.source, {function.name: question for function in functions})
    except (BadMaster, SyntaxError, KeyError) as problem:
        raise BadNotebook(f"Cell {name} cannot be an exercise: {problem}") from problem
    if not solved:
        return stub.rstrip("\n")
    lines = cell.source.splitlines()
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))


def _cell(cell: Any, name: str, role: str | None, rubric: Rubric) -> Any:
    new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    metadata: dict[str, Any] = {"id": name}  # Colab keeps a cell's id here
    if role == "parameters":
        metadata["tags"] = ["parameters"]
    if role == "form":
        metadata["jupyter"] = {"source_hidden": True}
    if FORM.match(cell.source):
        metadata["cellView"] = "form"
    if role in ("auto", "written"):
        metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": name,
            "grade": True,
            "solution": role == "written",
            "locked": role == "auto",
            "task": False,
            "points": graded_points(rubric)[name],
        }
    built = new(cell.source, metadata=metadata)
    built["id"] = name
    return built


def graded_points(rubric: Rubric) -> dict[str, float]:
    """Return the points of every graded cell by its id: "auto-1a", "written-1b", ..."""
    points: dict[str, float] = {}
    for check in ALL_CHECKS:
        item = rubric.items[check.id]
        kind = "written" if check.source == "person" else "auto"
        name = f"{kind}-{item.question}"
        points[name] = points.get(name, 0) + item.points
    return {name: int(value) if value == int(value) else value for name, value in points.items()}


def _filled_in(source: str, rubric: Rubric, bundle: Bundle) -> str:
    questions = {question.id: question.points for question in rubric.questions}
    motivation = read_motivation()
    values = {
        "bundle": bundle.url,
        "bundle_sha256": bundle.sha256,
        "badge": bundle.badge,
        "motivation": markdown_image(motivation),
        "motivation caption": caption(motivation),
        **{f"points {name}": f"{points:g}" for name, points in questions.items()},
        **{
            f"threshold {name}": f"{value:g}"
            for name, value in rubric.thresholds["cifar10"].items()
        },
    }
    for number in ("1", "2"):  # a question of the handout with parts
        parts = [points for name, points in questions.items() if name[0] == number]
        values[f"points {number}"] = f"{sum(parts):g}"

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise BadNotebook(
                f"The master contains {match[0]}: expected one of {', '.join(values)}."
            )
        return values[match[1]]

    return NAME.sub(value, source)


def _mapped(notebook: Any, change: Callable[[str, str], str]) -> Any:
    for cell in notebook.cells:
        cell.source = change(cell.source, cell.id)
    return notebook


def _without_solution(source: str, name: str) -> str:
    """Return the text with the region between the markers replaced by a place to write."""
    before, region, after = _parts(source, name)
    return source if region is None else f"{before}{STUB_ANSWER}{after}".rstrip("\n")


def _without_markers(source: str, name: str) -> str:
    before, region, after = _parts(source, name)
    return source if region is None else f"{before}{region}{after}".rstrip("\n")


def _parts(source: str, name: str) -> tuple[str, str | None, str]:
    """Return the text before, between and after the markers; (source, None, "") without them."""
    if BEGIN not in source and END not in source:
        return source, None, ""
    if (
        source.count(BEGIN) != 1
        or source.count(END) != 1
        or source.index(END) < source.index(BEGIN)
    ):
        raise BadNotebook(f"Cell {name}: expected one {BEGIN} and, after it, one {END}.")
    before, rest = source.split(BEGIN)
    region, after = rest.split(END)
    return before, region.strip("\n"), after


def _text(notebook: Any) -> str:
    return nbformat.writes(notebook, version=4) + "\n"


def build_notebook(check: bool = False) -> int:
    """Write main.ipynb, or with `check` only compare; return the exit status."""
    try:
        built = student_notebook()
    except (BadNotebook, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return write_or_compare(NOTEBOOK, built, MASTER, check)
