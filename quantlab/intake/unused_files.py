"""Find unused files of a submission that could be what is missing.

`unused_files` looks at every file and every refused entry, by name and by first bytes. It returns
those that could fill one of the assignment's roles: a similar name, an archive that was not opened,
a text that defines the graded functions. `autograder.grading.review` decides whether a role is
empty and how many points that costs.

Nothing is run, unpickled or unpacked here, and nothing here raises.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from quantlab.intake.candidates import fold_name, source_text, widths_in
from quantlab.intake.contents import MIB, Contents, Entry, RefusedEntry, split_path
from quantlab.intake.file_kinds import recognize_kind
from quantlab.intake.names import quote_name
from quantlab.intake.released import (
    graded_functions,
    is_released_name,
    is_released_text,
    is_stub,
)
from quantlab.intake.roles import ANSWERS, MODELS, REPORT, ROLES, SOLUTION, VARIABLE
from quantlab.intake.zips import DAMAGE

_ALL_MODELS = frozenset((*MODELS, VARIABLE))

_MOST = 10  # sentences
_NAMED = 5  # files in one sentence
_MOST_READ = 200  # files
_LINK_BYTES = 4096  # a page with a link and little else
_LINK_TEXT = 200  # characters
_BEGINNING = 512  # bytes that identify the kind of a file

_ARCHIVES = (
    *(".zip", ".tar", ".tgz", ".gz", ".bz2", ".tbz2", ".xz", ".txz", ".lzma", ".zst", ".rar"),
    *(".7z", ".z", ".lz", ".lz4", ".cab", ".iso", ".dmg", ".jar", ".sitx", ".arj", ".ace"),
    *(".001", ".z01", ".eml", ".msg", ".mbox"),  # parts of archives, and e-mails
)
_MODELS = (
    *(".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".safetensors", ".npz", ".npy", ".h5"),
    *(".hdf5", ".onnx", ".packed", ".torch", ".model", ".joblib", ".msgpack", ".pts"),
)
_DOCUMENTS = (".docx", ".doc", ".odt", ".rtf", ".html", ".htm", ".tex", ".pages", ".pdf", ".epub")
_TEXT_DOCUMENTS = (".md", ".ipynb", ".txt")
_LOG = re.compile(r"(?:^|[\W_])(?:log|out|output|stdout|todo|notes?)(?:[\W_]|$)", re.IGNORECASE)
_OFFICE = (".docx", ".odt", ".xlsx", ".ods", ".pptx", ".odp", ".epub", ".pages", ".jar", ".whl")
_TEXTS = ("", ".py", ".pyw", ".ipynb", ".md", ".rtf", ".html", ".htm", ".json", ".txt", ".bak")
_LINKS = (".url", ".webloc", ".desktop", ".lnk", ".gdoc", ".gsheet", ".website", ".icloud")
_PICTURES = (".png", ".jpg", ".jpeg", ".heic", ".tif", ".tiff", ".ppt", ".pptx", ".odp", ".key")
_PAGES = (".html", ".htm", ".txt")
_TAG = re.compile(rb"<[^<>]*>")
_ADDRESS = re.compile(rb"https?://", re.IGNORECASE)
_TABLES = re.compile(rb'\\?"(?:table1|bit_widths)\\?"\s*:')


@dataclass(frozen=True)
class UnusedFile:
    """Hold an unused file that could fill one of `roles`; `sentence` names it and says why.

    `path` is its place in the submission, "" if it is not a single file.
    """

    sentence: str
    roles: tuple[str, ...]
    path: str = ""


def unused_files(contents: Contents, used: Mapping[str, str]) -> tuple[UnusedFile, ...]:
    """Return what could fill a role and was not used, at most `_MOST` entries.

    Args:
        contents: the submission, with the files of the archives inside it.
        used: the role that each used file has, by its path.
    """
    left = [entry for entry in contents.files if entry.path not in used]
    unused = [*_of_files(left, frozenset(used.values())), *_of_refused(contents.refused)]
    unused += _in_used(entry for entry in contents.files if used.get(entry.path) == REPORT)
    if len(unused) <= _MOST:
        return tuple(unused)
    rest = unused[_MOST - 1 :]
    roles = tuple(role for role in ROLES if any(role in entry.roles for entry in rest))
    more = UnusedFile(f"{len(rest)} more files were not used.", roles)
    return (*unused[: _MOST - 1], more)


def could_be_report(entry: Entry) -> bool:
    """Return whether a file may hold a written report: a document that students did not receive."""
    if not is_document_name(entry.parts):
        return False
    content = _read(entry)
    return not is_released_text(entry.name, content) and not _is_link(entry.name, content)


def is_document_name(parts: tuple[str, ...]) -> bool:
    """Return whether a file of this name, in these folders, may hold a written report."""
    name = parts[-1]
    low, extension = fold_name(name)
    return (
        (
            extension in (*_DOCUMENTS, *_TEXT_DOCUMENTS)
            or (extension in ("", *_PICTURES) and "report" in low)
            or ".ipynb" in low
        )
        and not is_released_name(parts)
        and not (extension == ".txt" and _LOG.search(name))
        and not _roles(name, b"", frozenset())[0]
    )


def nothing_known(contents: Contents) -> UnusedFile:
    """Return the entry for a submission in which no file has a name of the assignment."""
    shown = ", ".join(quote_name(entry.path) for entry in contents.files[:_NAMED])
    more = f" and {len(contents.files) - _NAMED} more" if len(contents.files) > _NAMED else ""
    sentence = f"No file has a name of the assignment; submitted were {shown}{more}."
    return UnusedFile(sentence, ROLES)


def unopened(sentence: str) -> UnusedFile:
    """Return the entry for a submission that could not be opened at all, for this reason."""
    return UnusedFile(sentence, ROLES)


def _of_files(entries: Iterable[Entry], filled: frozenset[str]) -> Iterator[UnusedFile]:
    for number, entry in enumerate(entries):
        if is_released_name(entry.parts):
            continue
        content = _read(entry) if number < _MOST_READ else b""
        roles, reason = _roles(entry.name, content, filled)
        if roles:
            sentence = f"{quote_name(entry.path)} was not used: {reason}."
            yield UnusedFile(sentence, roles, entry.path)


def _of_refused(refused: Iterable[RefusedEntry]) -> Iterator[UnusedFile]:
    for entry in refused:
        if not is_released_name(split_path(entry.path)):
            roles = _roles(entry.name, b"", frozenset())[0] or _role_of_extension(entry.name)
            if roles:
                yield UnusedFile(entry.sentence, roles)


def _in_used(entries: Iterable[Entry]) -> Iterator[UnusedFile]:
    """Yield the notebooks and reports that define the graded functions themselves."""
    for entry in entries:
        if _defines_functions(_read(entry)):
            sentence = (
                f"{quote_name(entry.path)} defines graded functions, which are not read there."
            )
            yield UnusedFile(sentence, (SOLUTION,), entry.path)


def _roles(  # noqa: PLR0911 - one return per kind of file
    name: str, content: bytes, filled: frozenset[str]
) -> tuple[tuple[str, ...], str]:
    """Return the roles that a file of this name and content could fill, and why it does not.

    A Python file of any name counts only where there is no solution.py, a saved model whose name
    does not say its widths only where no model was found: who submits some files under the names
    of the assignment knows these names.
    """
    low, extension = fold_name(name)
    kind = recognize_kind(content)
    if _is_link(name, content):
        return ROLES, "it is a link, which is not followed"
    if _is_archive(name.casefold(), content):
        if low.endswith(_MODELS) and (widths := _widths(name)):
            return widths, "its name is not that of a saved model"
        return ROLES, f"it is {kind or 'an archive'}, which is not opened"
    if extension in _TEXTS and _defines_functions(content):
        return (SOLUTION,), "it defines graded functions, but its name is not solution.py"
    if extension in (".json", "", ".txt", ".bak") and _TABLES.search(content):
        return (ANSWERS,), "its name is not answers.json"
    is_other = extension in (*_DOCUMENTS, *_PICTURES, ".md", ".ipynb")
    if "answers" in low and not is_other:
        return (ANSWERS,), "its name is not answers.json"
    if "solution" in low and (extension in _TEXTS or not is_other):
        return (SOLUTION,), "its name is not solution.py"
    if extension in (".py", ".pyw") and SOLUTION not in filled:
        return (SOLUTION,), "its name is not solution.py"
    if _is_model(extension, content):
        reason = "its name is not that of a saved model"
        return _widths(name) or (() if filled & _ALL_MODELS else (*MODELS, VARIABLE)), reason
    return (), ""


def _role_of_extension(name: str) -> tuple[str, ...]:
    """Return what a refused entry, of which the content is unknown, could be."""
    extension = fold_name(name)[1]
    if extension in (*_DOCUMENTS, *_TEXT_DOCUMENTS):
        return (REPORT,)
    return ROLES if not extension else ()  # a folder, or a file of any kind


def _is_link(name: str, content: bytes) -> bool:
    """Return whether a file is only a link to where the files are."""
    extension = os.path.splitext(name.casefold())[1]
    if extension in _LINKS:
        return True
    text = _TAG.sub(b" ", content).strip() if len(content) <= _LINK_BYTES else b""
    if extension not in _PAGES or not _ADDRESS.search(content) or not 0 < len(text) <= _LINK_TEXT:
        return False
    return extension != ".txt" or len(text.split()) == 1


def _is_archive(low: str, content: bytes) -> bool:
    if content.startswith(
        (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd")
    ):
        return True
    return low.endswith(_ARCHIVES) or recognize_kind(content) == "a tar archive"


def _is_model(extension: str, content: bytes) -> bool:
    """Return whether a file may be a saved model: by its extension, or by name and first bytes."""
    if extension in _MODELS:
        return True
    binary = content.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"))
    return binary and extension not in _OFFICE


def _widths(name: str) -> tuple[str, ...]:
    """Return the saved model whose widths a name says, as the only role; () where it says none."""
    if model := widths_in(name):
        return (model,)
    return (VARIABLE,) if "variable" in name.casefold() else ()


def _defines_functions(content: bytes) -> bool:
    text = source_text(content)
    return bool(graded_functions(text)) and not is_stub(text)


def _read(entry: Entry) -> bytes:
    """Return a text of at most 1 MiB, of any other file its first bytes; b"" if unreadable."""
    text = os.path.splitext(entry.name.casefold())[1] in _TEXTS
    with suppress(*DAMAGE), entry.open() as stream:
        return stream.read(MIB if text else _BEGINNING)
    return b""
