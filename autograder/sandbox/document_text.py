"""Return the text of a student's PDF, docx or HTML. Runs in the sandbox only.

A document is as hostile as a solution: its reader may loop, exhaust memory or have a flaw. The
libraries are imported in the fork that reads one document.
"""

import io
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

from autograder.sandbox.messages import pack_claim, pack_text
from quantlab.protocol.failure_reasons import Claim
from quantlab.protocol.failures import name_of

MOST_CHARACTERS = 400_000  # of one document; a long report has 40,000
_BLOCKS = frozenset(
    {
        *("address", "article", "blockquote", "br", "dd", "div", "dt", "figcaption", "h1", "h2"),
        *("h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"),
    }
)
_SILENT = frozenset(("script", "style", "title", "template", "noscript", "svg"))


class UnreadableDocument(Exception):
    """The document can't be read; the message completes a sentence that begins with "it"."""


def document_reply(kind: str, content: bytes) -> bytes:
    """Return the reply to a request to read a document: its text, or why there is none."""
    try:
        return pack_text(read_document(kind, content))
    except UnreadableDocument as error:
        return pack_claim(Claim("model_unreadable", str(error)))
    except MemoryError:
        return pack_claim(Claim("model_too_large"))
    except Exception as error:  # whatever a library meets in a damaged file
        return pack_claim(Claim("model_odd", exception=name_of(error)))


def read_document(kind: str, content: bytes) -> str:
    """Return the text of a document of `kind` "pdf", "docx" or "html".

    Raises:
        UnreadableDocument: it has a password, or no text.
        Exception: whatever the library raises for a damaged file.
    """
    readers: dict[str, Callable[[bytes], Iterator[str]]] = {
        "pdf": _pdf,
        "docx": _docx,
        "html": _html,
    }
    parts: list[str] = []
    size = 0
    for part in readers[kind](content):
        parts.append(part)
        size += len(part)
        if size > MOST_CHARACTERS:
            break
    text = "".join(parts)[:MOST_CHARACTERS].strip()
    if not text:
        raise UnreadableDocument("contains no text, perhaps only pictures")
    return text.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair is dropped


def _pdf(content: bytes) -> Iterator[str]:
    from pypdf import PdfReader  # noqa: PLC0415

    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableDocument("has a password")
    for page in reader.pages:
        yield page.extract_text() + "\n\n"


def _docx(content: bytes) -> Iterator[str]:
    from docx import Document  # noqa: PLC0415
    from docx.table import Table  # noqa: PLC0415

    for block in Document(io.BytesIO(content)).iter_inner_content():
        if isinstance(block, Table):
            for row in block.rows:
                yield " | ".join(cell.text.strip() for cell in row.cells) + "\n"
            yield "\n"
        else:
            yield block.text + "\n\n"


def _html(content: bytes) -> Iterator[str]:
    text = _Text()
    text.feed(content.decode("utf-8", "replace"))
    text.close()
    yield "".join(text.parts)


class _Text(HTMLParser):
    """Collect the text of an HTML page, a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)
