"""Recognize files that students received: they are no submission, and never compete for a role.

`DIGESTS` are those of the texts in the student bundle; `python -m authoring build` writes them. A
stub is recognized by its functions, so that the stub of an earlier release is one too.
"""

import hashlib
import json
import re
from collections.abc import Mapping

from quantlab.intake.released_digests import DIGESTS

_NAMES = re.compile(
    r"resnet20_(?:cifar10|shapes10)\.(?:pt|json)|cifar-10\S*|agents\.md|license\S*"
    r"|citation\.cff|requirements\S*\.txt|changelog\S*|extensions\.ipynb|setup\.py|conftest\.py"
    r"|__init__\.py",
    re.IGNORECASE,
)
_TRAINING = re.compile(r"W\dA\d-\w+-[0-9a-f]+\.pt")  # what an interrupted training resumes from
_FOLDERS = frozenset({"quantlab", "env"})  # the kit's own package, and packages of others
_FUNCTION = re.compile(
    r"^(?:def|class)\s+(linear_(?:de)?quantize|linear_quantize_STE|_quantize_func_STE|get_scale"
    r"|reset_scale_and_zero_point|integer_(?:linear|conv2d)|quantized_(?:linear|conv2d)_function"
    r"|variable_precision_search)\b",
    re.MULTILINE,
)
_STUB = re.compile(r'(?:"""|:)[ \t]*\n\s+raise NotImplementedError\("Question \w+: (\w+)"\)')


def is_released_name(parts: tuple[str, ...]) -> bool:
    """Return whether a file of this name, in these folders, belongs to the kit or to packages."""
    return (
        any(part.casefold() in _FOLDERS for part in parts[:-1])
        or not parts
        or _NAMES.fullmatch(parts[-1]) is not None
        or _TRAINING.fullmatch(parts[-1]) is not None
    )


def is_released_text(name: str, content: bytes) -> bool:
    """Return whether a document is unchanged, except for line ends and a byte order mark.

    A notebook is unchanged if its texts are and nothing in it was executed.
    """
    return digest(name, content) in DIGESTS


def digest(name: str, content: bytes) -> str:
    """Return the SHA-256 of a text with plain line ends, or of the texts in a blank notebook."""
    text = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").strip()
    if name.casefold().endswith(".ipynb"):
        text = _notebook_texts(text)
    return hashlib.sha256(text).hexdigest()


def graded_functions(text: str) -> frozenset[str]:
    """Return the names of the graded functions that a source text defines."""
    return frozenset(_FUNCTION.findall(text.replace("\r\n", "\n")))


def is_stub(text: str) -> bool:
    """Return whether every graded function of a source text is still that of the stub."""
    defined = graded_functions(text)
    return bool(defined) and defined <= set(_STUB.findall(text.replace("\r\n", "\n")))


def _notebook_texts(content: bytes) -> bytes:
    """Return the markdown cells of a notebook without outputs; otherwise the content itself."""
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        return content
    cells = notebook.get("cells") if isinstance(notebook, Mapping) else None
    if not isinstance(cells, list) or not all(isinstance(cell, Mapping) for cell in cells):
        return content
    if any(cell.get("outputs") for cell in cells):
        return content
    texts = [cell.get("source") for cell in cells if cell.get("cell_type") == "markdown"]
    joined = ["".join(text) if _is_lines(text) else str(text) for text in texts]
    return json.dumps(joined).encode()


def _is_lines(text: object) -> bool:
    return isinstance(text, list) and all(isinstance(line, str) for line in text)
