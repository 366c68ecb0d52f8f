"""Extract a student's answer to one question from the files of their submission.

Notebooks, Markdown and text are read here. PDF, docx and HTML are read in the sandbox, each in a
fresh process with a deadline, and their texts are kept (`document_cache`). One student's files are
read at a time. A document that takes long does not keep other students' answers waiting.
"""

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
from autograder.sandbox.host import Sandbox
from quantlab.errors import BadAnswers, UnreadableFile, UnreadableSubmission
from quantlab.formats.answers import MSE_BITS, MSE_METHODS, TABLE1_METHODS, TRAININGS, Answers
from quantlab.formats.parse_answers import parse
from quantlab.intake.candidates import choose, role_rules
from quantlab.intake.contents import LIMITS, MIB, Contents, Entry
from quantlab.intake.roles import ANSWERS
from quantlab.intake.unused_files import could_be_report
from quantlab.paths import CELLS
from quantlab.protocol.calls import Failure
from quantlab.protocol.sanitize_text import clean

SANDBOXED = {".pdf": "pdf", ".docx": "docx", ".html": "html", ".htm": "html"}
_NOTEBOOK = ".ipynb"
_TEXTS = (".md", ".txt", ".tex", "")
_LARGEST = {".pdf": 32 * MIB, _NOTEBOOK: 64 * MIB}  # bytes; others 16 MiB
_LARGEST_OTHER = 16 * MIB
_MOST_CHARACTERS, _MOST_LINES = 100_000, 5_000  # of one answer
_MOST_DOCUMENTS = 10
_REMEMBERED = 16  # students whose files stay in memory
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


@dataclass(frozen=True)
class _Files:
    """Hold what an answer is made of: the documents and the tables of one submission."""

    documents: tuple[_Document, ...]
    answers: Answers | None
    problems: tuple[str, ...] = ()


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
        answer = Answer(tuple(passages), self._figures(files), tables, files.problems)
        return hide_names(answer, identifying_words(entry))

    def _files(self, entry: ExportEntry) -> _Files:
        with self._files_lock:
            files = self._remembered.pop(entry.student, None)
            if files is None:
                files = _read_files(self._export, entry)
            self._remembered[entry.student] = files
            while len(self._remembered) > _REMEMBERED:
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

    @staticmethod
    def _figures(files: _Files) -> tuple[Figure, ...]:
        return tuple(
            Figure(png, question)
            for document in files.documents
            if document.cells is not None
            for png, question in find_pictures(document.cells)
        )


def _read_files(export: Export, entry: ExportEntry) -> _Files:
    try:
        with export.files(entry) as contents:
            documents = [file for file in contents.files if could_be_report(file)]
            documents.sort(key=lambda file: (len(file.parts), file.path))
            return _Files(
                tuple(_read_document(file) for file in documents[:_MOST_DOCUMENTS]),
                _read_answers(contents),
            )
    except UnreadableSubmission as problem:
        return _Files((), None, (str(problem),))


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
