"""The reader of the desk: which files of a submission it shows, and what it says of the others."""

import json

import pytest

from autograder.desk import reader as reader_module
from autograder.desk.document_cache import DocumentCache
from autograder.desk.reader import AnswerReader
from autograder.platforms import read_export
from tests.desk.small_class import notebook, report_text

NAME = "student-000"


@pytest.fixture
def read(tmp_path):
    """Read the answer to 1b of a student with these files."""

    def answer(files, name=NAME):
        folder = tmp_path / "export" / name
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        with read_export(tmp_path / "export") as export:
            entries = {entry.student: entry for entry in export.entries}
            reader = AnswerReader(export, entries, DocumentCache(tmp_path / "texts"))
            return reader.answer(name, "1b")

    return answer


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("main_solution.ipynb", notebook({"1b": "Clipping costs little."})),
        ("quantization-solution-ada.ipynb", notebook({"1b": "Clipping costs little."})),
        ("solutions.md", b"# 1b\n\nClipping costs little."),
    ],
)
def test_reader_shows_documents_named_as_solutions(read, name, content):
    answer = read({name: content, "solution.py": b"x = 1\n"})
    assert [passage.file for passage in answer.passages] == [name]
    assert "Clipping costs little." in answer.passages[0].text
    assert answer.problems == ()


def test_reader_names_files_that_it_does_not_show(read):
    files = {"answer.xlsx": b"PK", "scan.png": b"x", "solution.py": b"x = 1\n", "answers.json": b""}
    (problem,) = read({**files, "report.md": report_text(1).encode()}).problems
    assert problem == (
        "Other files are not shown: 'answer.xlsx', 'scan.png'. Open them in the export."
    )


def test_reader_names_documents_beyond_the_first(read):
    answer = read({f"part {number:02d}.md": report_text(1).encode() for number in range(12)})
    assert len(answer.passages) == 10
    assert answer.problems == (
        "Only the first 10 documents are shown. Not shown: 'part 10.md', 'part 11.md'. "
        "Open them in the export.",
    )


def test_reader_says_that_a_notebook_has_more_figures(read):
    content = json.loads(notebook({"1b": "Clipping."}))
    cell = next(cell for cell in content["cells"] if cell.get("id") == "curves")
    cell["outputs"] *= 62
    answer = read({"main.ipynb": json.dumps(content).encode()})
    assert len(answer.figures) == 60
    assert answer.problems == (
        "'main.ipynb' has 63 figures, and only the first 60 are shown. "
        "Open it in the export for the others.",
    )


def test_reader_keeps_files_of_few_bytes_in_memory(tmp_path, monkeypatch):
    students = [f"student-{number}" for number in range(4)]
    for student in students:
        (tmp_path / "export" / student).mkdir(parents=True)
        (tmp_path / "export" / student / "report.md").write_bytes(b"# 1b\n" + b"text\n" * 1000)
    monkeypatch.setattr(reader_module, "_REMEMBERED_BYTES", 12_000)
    with read_export(tmp_path / "export") as export:
        entries = {entry.student: entry for entry in export.entries}
        reader = AnswerReader(export, entries, DocumentCache(tmp_path / "texts"))
        for student in students:
            assert reader.answer(student, "1b").passages
        assert list(reader._remembered) == students[-2:]
