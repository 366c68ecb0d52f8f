"""Read a student's saved model: a `.pt` file may hold anything.

The grader does this in the worker alone. `torch.load(weights_only=True)` has been broken before. It
is the second line of defense: only arrays and numbers leave the confined process. Students run the
same code on their own models (`quantlab.rehearsal`).
"""

import io
import pickle
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import torch

from quantlab.formats import packed_model
from quantlab.formats.packed_model import MAGIC
from quantlab.protocol.plain_values import Encoder, UnsupportedResult
from quantlab.protocol.wire import MAX_ARRAYS, MAX_BYTES

MAX_NAME = 200  # characters
MAX_STRING = 1000  # characters
_SAVE_INSTEAD = "save model.state_dict() or the kit's saved model with torch.save, and hand that in"
# How torch says that it met a class or function instead of data.
_PYTHON_OBJECT = re.compile("unsupported (global|class)", re.IGNORECASE)
_WRAPPERS = ("state_dict", "model")


class UnreadableModel(Exception):
    """The file holds no saved model that can be graded. The text completes "This file ..."."""


def read_saved_model(content: bytes) -> dict[str, Any]:
    """Return the arrays, numbers and strings of a file, by name.

    bfloat16 becomes float32. A mapping under "state_dict" or "model" is unwrapped. A packed model
    of question 3 is recognized by its first bytes. Raise `UnreadableModel` if the file cannot be
    used.
    """
    if content.startswith(MAGIC):
        return _packed(content)
    _recognise(content)
    values = _load(content)
    if not isinstance(values, Mapping):
        raise UnreadableModel(
            f"holds a {type(values).__name__}, not named tensors; {_SAVE_INSTEAD}"
        )
    for wrapper in _WRAPPERS:
        if isinstance(values.get(wrapper), Mapping):
            values = values[wrapper]
            break
    if len(values) > MAX_ARRAYS:
        raise UnreadableModel(
            f"holds {len(values)} values, more than {MAX_ARRAYS}; {_SAVE_INSTEAD}"
        )
    encoder = Encoder(MAX_BYTES)
    return {_name(name): _value(name, value, encoder) for name, value in values.items()}


def _packed(content: bytes) -> dict[str, Any]:
    """Return what a packed model holds, under the names of `packed_model.values`."""
    try:
        values = packed_model.values(packed_model.unpack(content))
    except packed_model.BadPackedModel as problem:
        raise UnreadableModel(f"is no packed model that can be used: {problem}") from None
    encoder = Encoder(MAX_BYTES)
    return {name: _value(name, value, encoder) for name, value in values.items()}


def _recognise(content: bytes) -> None:
    start = content[:512].lstrip().lower()
    if not content:
        raise UnreadableModel("is empty; save the model again and submit the whole file")
    if start.startswith((b"<!doctype", b"<html")):
        raise UnreadableModel("is a web page, not a model; download the file itself")
    if start.startswith(b"version https://git-lfs"):
        raise UnreadableModel("is a Git LFS pointer, not a model; submit the file it points to")
    if not content.startswith(b"PK"):
        return  # torch's format before 1.6, or nothing that torch reads
    try:
        members = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise UnreadableModel("is cut short or damaged; save and upload it again") from error
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise UnreadableModel(f"was compressed again, as torch.save never does; {_SAVE_INSTEAD}")
    if len(members) > 2 * MAX_ARRAYS:
        raise UnreadableModel(f"holds {len(members)} parts, far too many; {_SAVE_INSTEAD}")


def _load(content: bytes) -> Any:
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if _PYTHON_OBJECT.search(str(error)):
            raise UnreadableModel(
                f"holds a pickled module or other Python objects, which are not opened; "
                f"{_SAVE_INSTEAD}"
            ) from error
        raise UnreadableModel(f"is no file that torch.save wrote; {_SAVE_INSTEAD}") from error
    except MemoryError:
        raise
    except Exception as error:  # torch raises many kinds for damaged files
        if "allocate memory" in str(error) or "not enough memory" in str(error):
            raise MemoryError from error
        raise UnreadableModel(f"is damaged, or no saved model; {_SAVE_INSTEAD}") from error


def _name(name: Any) -> str:
    if type(name) is not str or len(name) > MAX_NAME or not _encodes(name):
        raise UnreadableModel(f"has a name that is no short string; {_SAVE_INSTEAD}")
    return name


def _value(name: str, value: Any, encoder: Encoder) -> Any:
    if isinstance(value, torch.Tensor):
        if value.dtype == torch.bfloat16 and value.numel() * 4 <= MAX_BYTES:
            value = value.float()
        try:
            return encoder.array(value)
        except UnsupportedResult as error:
            raise UnreadableModel(f"holds under {name} {error}") from error
    if type(value) in (bool, float) or (type(value) is int and abs(value) < 1 << 63):
        return value
    if type(value) is str and len(value) <= MAX_STRING and _encodes(value):
        return value
    raise UnreadableModel(
        f"holds under {name} a {type(value).__name__}, where tensors, numbers and short strings "
        f"belong; {_SAVE_INSTEAD}"
    )


def _encodes(text: str) -> bool:
    """Return whether `text` contains no unpaired surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
