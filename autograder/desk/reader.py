"""Extract a student's answer to one question from the files of their submission.

Notebooks, Markdown and text are read here. PDF, docx and HTML are read in the sandbox, each in a
fresh process with a deadline, and their texts are kept (`document_cache`). One student's files are
read at a time. A document that takes long does not keep other students' answers waiting.
"""

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from autograder.course.class_folder import DOCUMENT_TEXTS, JOURNAL
from autograder.course.published_class import PublishedClass, match_entries, read_noted_paths
from autograder.desk.answers import Answer, Figure, NumberTable, Passage
from autograder.desk.blind import hide_names, identifying_words
from autograder.desk.document_cache import DocumentCache, DocumentText
from autograder.desk.notebook_answers import (
    Cell,
    UnreadableNotebook,
    find_answer,
    find_pictures,
    read_cells,
)
from autograder.desk.sections import find_section
from autograder.errors import IsolationUnavailable
from autograder.platforms import Export, read_export
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.nbgrader_course.notebook_limits import LARGEST_NOTEBOOK
from autograder.sandbox.host import Sandbox
from quantlab.errors import BadAnswers, UnreadableFile, UnreadableSubmission
from quantlab.formats.answers import MSE_BITS, MSE_METHODS, TABLE1_METHODS, TRAININGS, Answers
from quantlab.formats.parse_answers import parse
from quantlab.intake.candidates import choose, names_of, role_rules
from quantlab.intake.contents import LIMITS, MIB, Contents, Entry
from quantlab.intake.names import quote_name
from quantlab.intake.released import is_released_name
from quantlab.intake.roles import ANSWERS
from quantlab.intake.unused_files import could_be_report, is_document_name
from quantlab.paths import CELLS
from quantlab.protocol.calls import Failure
from quantlab.protocol.sanitize_text import clean

SANDBOXED = {".pdf": "pdf", ".docx": "docx", ".html": "html", ".htm": "html"}
_NOTEBOOK = ".ipynb"
_TEXTS = (".md", ".txt", ".tex", "")
_LARGEST = {".pdf": 32 * MIB, _NOTEBOOK: LARGEST_NOTEBOOK}  # bytes; others 16 MiB
_LARGEST_OTHER = 16 * MIB
_MOST_CHARACTERS, _MOST_LINES = 100_000, 5_000  # of one answer
_MOST_DOCUMENTS = 10
_MOST_FIGURES = 60  # of one notebook
_REMEMBERED = 16  # students whose files stay in memory
_REMEMBERED_BYTES = 128 * MIB
_CELL_BYTES = 1_000  # of a cell beside its text and pictures
# Files that contain no text for readers. Other files that can't be shown are named.
_CODE_AND_DATA = frozenset(
    (
        *(".py", ".pyw", ".pyc", ".json", ".csv", ".log", ".toml", ".yaml", ".yml"),
        *(".pt", ".pth", ".ckpt", ".bin", ".pkl", ".npy", ".npz", ".packed"),
    )
)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_TITLES = {"ptq": "PTQ", "qat": "QAT"}


@contextmanager
def open_reader(
    out: Path, published: PublishedClass, export: Path | None
) -> Iterator["AnswerReader"]:
    """Open the export of a class, None for the one that `batch` noted, and read answers from it.

    Raises:
        NotAClass: the note of `batch` can't be read.
        BadExport: the export can't be read, or is not the one that was graded.
    """
    place = export or Path(read_noted_paths(out).export)
    with read_export(place) as opened:
        entries = match_entries(published.outcomes, opened, place)
        reader = AnswerReader(opened, entries, DocumentCache(out / JOURNAL / DOCUMENT_TEXTS))
        try:
            yield reader
        finally:
            reader.close()


@dataclass(frozen=True)
class _Document:
    """Hold one document of a submission; notebooks have `cells`, unreadable ones a `problem`."""

    name: str
    content: bytes = b""
    cells: tuple[Cell, ...] | None = None
    problem: str = ""

    @property
    def size(self) -> int:
        """Return about how many bytes of memory it needs."""
        return len(self.content) + sum(
            _CELL_BYTES + len(cell.text) + sum(map(len, cell.pictures)) for cell in self.cells or ()
        )


@dataclass(frozen=True)
class _Files:
    """Hold what an answer is made of: the documents and the tables of one submission."""

    documents: tuple[_Document, ...]
    answers: Answers | None
    problems: tuple[str, ...] = ()

    @cached_property
    def size(self) -> int:
        """Return about how many bytes of memory the documents need."""
        return sum(document.size for document in self.documents)


class AnswerReader:
    """Reads answers of an open export; several threads may use it."""

    def __init__(
        self, export: Export, entries: Mapping[str, ExportEntry], cache: DocumentCache
    ) -> None:
        """Read the `entries` of students from an export that stays open meanwhile."""
        self._export = export
        self._entries = entries
        self._cache = cache
        self._remembered: OrderedDict[str, _Files] = OrderedDict()
        self._files_lock, self._sandbox_lock = threading.Lock(), threading.Lock()
        self._sandbox: Sandbox | None = None

    def close(self) -> None:
        """End the sandbox."""
        with self._sandbox_lock:
            if self._sandbox is not None:
                self._sandbox.close()
                self._sandbox = None

    def answer(self, student: str, question: str) -> Answer:
        """Return a student's answer to a question, without their names. It may be empty."""
        entry = self._entries[student]
        files = self._files(entry)
        passages = []
        for document in files.documents:
            passage = self._passage(document, question)
            if passage is not None:
                passages.append(passage)
        if any(p.text and not p.is_whole and not p.problem for p in passages):
            passages = [p for p in passages if not p.is_whole]  # those are about something else
        tables = _tables(files.answers, question)
        figures, cuts = _figures(files)
        answer = Answer(tuple(passages), figures, tables, (*files.problems, *cuts))
        return hide_names(answer, identifying_words(entry))

    def _files(self, entry: ExportEntry) -> _Files:
        with self._files_lock:
            files = self._remembered.pop(entry.student, None)
            if files is None:
                files = _read_files(self._export, entry)
            self._remembered[entry.student] = files
            while len(self._remembered) > 1 and (
                len(self._remembered) > _REMEMBERED
                or sum(kept.size for kept in self._remembered.values()) > _REMEMBERED_BYTES
            ):
                self._remembered.popitem(last=False)
            return files

    def _passage(self, document: _Document, question: str) -> Passage | None:
        """Return what a document says about a question; None if nothing is in it."""
        if document.problem:
            return Passage(document.name, _raw_text(document.content), problem=document.problem)
        if document.cells is not None:
            answer = find_answer(document.cells, question)
            if answer is None:
                return None
            return Passage(document.name, _shown(answer.text), answer.is_whole)
        kind = SANDBOXED.get(_extension(document.name))
        if kind is not None:
            text = self._cache.text(document.content, lambda: self._sandboxed(kind, document))
            if text.problem:
                return Passage(document.name, "", problem=text.problem)
            whole = text.text
        else:
            whole = document.content.decode("utf-8-sig", "replace")
        section = find_section(whole, question)
        text_shown = _shown(whole if section is None else section)
        return Passage(document.name, text_shown, section is None) if text_shown else None

    def _sandboxed(self, kind: str, document: _Document) -> tuple[DocumentText, bool]:
        """Return the text of a document, and whether it is final."""
        with self._sandbox_lock:
            try:
                if self._sandbox is None:
                    self._sandbox = Sandbox()
                text = self._sandbox.read_document(kind, document.content)
            except IsolationUnavailable as problem:
                return DocumentText(
                    "", f"It can't be read, because nothing isolates it. {problem}"
                ), False
        if isinstance(text, Failure):
            return DocumentText("", text.message), text.kind != "grader_fault"
        return DocumentText(text), True


def _figures(files: _Files) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    """Return the figures of the notebooks, and a sentence on each notebook with more of them."""
    figures, problems = [], []
    for document in files.documents:
        pictures = find_pictures(document.cells or ())
        figures += [Figure(png, question) for png, question in pictures[:_MOST_FIGURES]]
        if len(pictures) > _MOST_FIGURES:
            problems.append(
                f"{quote_name(document.name)} has {len(pictures)} figures, and only the first "
                f"{_MOST_FIGURES} are shown. Open it in the export for the others."
            )
    return tuple(figures), tuple(problems)


def _read_files(export: Export, entry: ExportEntry) -> _Files:
    try:
        with export.files(entry) as contents:
            documents = [file for file in contents.files if _is_document(file)]
            documents.sort(key=lambda file: (len(file.parts), file.path))
            return _Files(
                tuple(_read_document(file) for file in documents[:_MOST_DOCUMENTS]),
                _read_answers(contents),
                tuple(_unread_files(contents, documents)),
            )
    except UnreadableSubmission as problem:
        return _Files((), None, (str(problem),))


def _is_document(file: Entry) -> bool:
    """Return whether a file may contain answers; a notebook named "main_solution.ipynb" may."""
    extension = _extension(file.name)
    if extension not in (_NOTEBOOK, ".md") or is_released_name(file.parts):
        return could_be_report(file)
    return could_be_report(replace(file, parts=(*file.parts[:-1], f"document{extension}")))


def _unread_files(contents: Contents, documents: Sequence[Entry]) -> Iterator[str]:
    """Yield sentences on the files of a submission that are not shown."""
    if left := documents[_MOST_DOCUMENTS:]:
        yield (
            f"Only the first {_MOST_DOCUMENTS} documents are shown. Not shown: {names_of(left)}. "
            "Open them in the export."
        )
    shown = {file.path for file in documents}
    others = [
        file
        for file in contents.files
        if file.path not in shown
        and _extension(file.name) not in _CODE_AND_DATA
        and not is_released_name(file.parts)
        and not is_document_name(file.parts)  # as students received it
    ]
    if others:
        yield f"Other files are not shown: {names_of(others)}. Open them in the export."


def _read_document(file: Entry) -> _Document:
    extension = _extension(file.name)
    try:
        content = file.read(_LARGEST.get(extension, _LARGEST_OTHER))
    except UnreadableFile as problem:
        return _Document(file.name, problem=f"It {problem}.")
    if extension == _NOTEBOOK:
        try:
            return _Document(file.name, cells=read_cells(content))
        except UnreadableNotebook as problem:
            return _Document(file.name, content, problem=f"It {problem}.")
    if extension in SANDBOXED or (extension in _TEXTS and b"\0" not in content):
        return _Document(file.name, content)
    problem_text = "Its format can't be shown here. Open the file in the export."
    return _Document(file.name, content, problem=problem_text)


def _raw_text(content: bytes) -> str:
    """Return the text of a file that could not be read as what it is, "" if it is binary."""
    return "" if b"\0" in content else _shown(content.decode("utf-8", "replace"))


def _read_answers(contents: Contents) -> Answers | None:
    rule = next(rule for rule in role_rules(LIMITS) if rule.name == ANSWERS)
    content = choose(rule, contents).content
    try:
        return None if content is None else parse(content)
    except BadAnswers:
        return None


def _tables(answers: Answers | None, question: str) -> tuple[NumberTable, ...]:
    """Return the student's own tables that an answer is about."""
    if answers is None:
        return ()
    if question.startswith("1"):
        return tuple(_mse_table(vector, table) for vector, table in answers.mse.items())
    return tuple(
        NumberTable(
            _TITLES[training],
            TABLE1_METHODS,
            {
                cell: tuple(answers.table1[training][cell][method] for method in TABLE1_METHODS)
                for cell in CELLS
            },
            unit="%",
        )
        for training in TRAININGS
    )


def _mse_table(vector: str, table: Mapping[str, Mapping[int, float | None]]) -> NumberTable:
    return NumberTable(
        f"Vector {vector}",
        tuple(f"{bits} bits" for bits in MSE_BITS),
        {method: tuple(table[method][bits] for bits in MSE_BITS) for method in MSE_METHODS},
    )


def _extension(name: str) -> str:
    return os.path.splitext(name.casefold())[1]


def _shown(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", clean(text, _MOST_CHARACTERS, _MOST_LINES))
