"""Make the notebook that formgrader shows of a student who was graded by `batch`.

It is the student's notebook with its graded cells restored, the findings under the automatic cells,
a scoring sheet under each written answer, and the text of a report beside it. Without a readable
notebook it has the graded cells alone. Only text, tables and pictures are kept of outputs; the
settings of the course sanitize text and tables when they are shown.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook, new_output

from autograder.engine.record import Report
from autograder.platforms.nbgrader_course.repair import repair
from autograder.platforms.nbgrader_course.sheets import MarkingSheets
from autograder.platforms.nbgrader_course.student_notebook import (
    StudentNotebook,
    other_documents,
    read_notebook,
)
from autograder.report.nbgrader import question_text
from quantlab.errors import UnreadableFile
from quantlab.intake.contents import Contents, Entry
from quantlab.intake.names import quote_name
from quantlab.paths import KIT

AUTOMATIC = "auto-"
DOCUMENTS = "documents-of-the-student"  # the id of the cell about other documents
_SHOWN = ("text/plain", "text/html", "image/png", "image/jpeg")
_LONGEST_OUTPUT = 200_000  # characters of text or a table
_LARGEST_PICTURE = 1_500_000  # characters of base64
_LARGEST_OUTPUTS = 4_000_000  # characters of all outputs of a notebook
_LONGEST_REPORT = 100_000  # characters of a report that is shown as text
_MOST_REPORTS = 5
_LARGEST_REPORT = 8 * 2**20  # bytes
_AS_TEXT = (".md", ".txt", ".tex", ".html", ".htm")
_CUT = "… The rest is in the student's file."


def released_notebook() -> NotebookNode:
    """Return the notebook that students receive."""
    return read_notebook((KIT / "main.ipynb").read_bytes())


def graded_notebook(
    student: StudentNotebook,
    contents: Contents | None,
    released: NotebookNode,
    report: Report,
    graded: Iterable[str],
) -> NotebookNode:
    """Return the notebook for formgrader.

    Args:
        student: the student's notebook.
        contents: the submission; None if it can't be read.
        released: the notebook that students receive.
        report: the findings to show.
        graded: the graded cells of the gradebook. Other cells lose their metadata, because
            formgrader refuses cells that the gradebook lacks.
    """
    known = set(graded)
    if student.notebook is None:
        notebook = new_notebook(metadata=copy.deepcopy(released.metadata))
        notebook.cells = [copy.deepcopy(cell) for cell in released.cells if _name(cell) in known]
    else:
        notebook = student.notebook
        repair(released, notebook)
    left = _LARGEST_OUTPUTS
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader") and _name(cell) not in known:
            del cell.metadata["nbgrader"]
        if cell.cell_type != "code":
            continue
        question = _name(cell).removeprefix(AUTOMATIC)
        cell.execution_count = None
        if question != _name(cell) and question in report.question_titles:
            text = question_text(report, question)
            cell.outputs = [new_output("stream", name="stdout", text=text)]
            continue
        cell.outputs = list(_plain_outputs(cell.outputs, left))
        left -= sum(map(_length, cell.outputs))
    notebook.metadata.pop("widgets", None)
    cells = list(_document_cells(student, contents))
    notebook.cells = [*cells, *notebook.cells]
    notebook, _ = MarkingSheets().preprocess(notebook, ResourcesDict())
    return notebook


def _name(cell: NotebookNode) -> str:
    return str((cell.metadata.get("nbgrader") or {}).get("grade_id", ""))


def _plain_outputs(outputs: Sequence[NotebookNode], left: int) -> Iterator[NotebookNode]:
    """Yield the outputs that are text, tables or pictures, until `left` characters are used."""
    for output in outputs:
        shown = _plain_output(output)
        if shown is None:
            continue
        left -= _length(shown)
        if left < 0:
            yield new_output("stream", name="stdout", text=_CUT)
            return
        yield shown


def _plain_output(output: NotebookNode) -> NotebookNode | None:
    kind = output.get("output_type")
    if kind == "stream":
        return new_output("stream", name="stdout", text=shortened(str(output.get("text", ""))))
    if kind == "error":
        text = f"{output.get('ename', '')}: {output.get('evalue', '')}\n"
        return new_output("stream", name="stderr", text=shortened(text))
    data = {
        name: content if name.startswith("image/") else shortened(content)
        for name in _SHOWN
        if isinstance(content := (output.get("data") or {}).get(name), str)
        and not (name.startswith("image/") and len(content) > _LARGEST_PICTURE)
    }
    return new_output("display_data", data=data) if data else None


def _length(output: NotebookNode) -> int:
    return len(output.get("text", "")) + sum(map(len, (output.get("data") or {}).values()))


def shortened(text: str, most: int = _LONGEST_OUTPUT) -> str:
    """Return at most `most` characters of a text, with a line that says so."""
    return text if len(text) <= most else f"{text[:most]}\n{_CUT}\n"


def _document_cells(student: StudentNotebook, contents: Contents | None) -> Iterator[NotebookNode]:
    """Yield a cell on the state of the notebook and one per other document of the student."""
    sentences = []
    if contents is None:
        sentences.append("The submission can't be read.")
    elif student.problem:
        sentences.append(f"{student.problem} The cells below are empty.")
    elif student.notebook is None:
        sentences.append("There is no notebook in the submission. The cells below are empty.")
    documents = other_documents(contents, student.entry) if contents is not None else ()
    if documents:
        sentences.append(f"Other documents: {', '.join(quote_name(d.path) for d in documents)}.")
    elif sentences:
        sentences.append("No other document was submitted.")
    if sentences:
        yield _cell(DOCUMENTS, "**For staff:** " + _as_code(" ".join(sentences)))
    for number, document in enumerate(documents[:_MOST_REPORTS], 1):
        yield _cell(f"{DOCUMENTS}-{number}", _document_text(document))


def _document_text(document: Entry) -> str:
    heading = f"**Document {_as_code(quote_name(document.path))}**\n\n"
    if not document.name.casefold().endswith(_AS_TEXT):
        return heading + "It is not shown here. Open it in the export, or grade with `desk`."
    try:
        text = document.read(_LARGEST_REPORT).decode("utf-8-sig", "replace")
    except UnreadableFile as problem:
        return f"{heading}It {problem}."
    text = shortened(text, _LONGEST_REPORT)
    if document.name.casefold().endswith(".md"):
        return heading + text
    return heading + "\n".join(f"    {line}" for line in text.splitlines())


def _as_code(text: str) -> str:
    """Return a text as Markdown code, in which no character has a meaning."""
    return "`" + text.replace("`", "'") + "`"


def _cell(name: str, text: str) -> NotebookNode:
    cell = new_markdown_cell(text, metadata={"id": name})
    cell["id"] = name
    return cell
