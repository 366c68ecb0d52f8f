"""Read a file of `torch.save` without running anything in it: a `.pt` file may hold anything.

`torch.load(weights_only=True)` has been broken before, so the grader opens a student's file only in
its sandbox, where this is the second line of defense. Only arrays, numbers and strings come out.
`UnreadableModel` is raised for what cannot be used.
"""

import io
import os
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from quantlab.errors import BadPackedModel, BadSavedModel, UnreadableModel
from quantlab.formats import packed_model
from quantlab.formats.numpy_pickles import PickledArray, is_numpy_refusal, numpy_numbers
from quantlab.formats.packed_magic import MAGIC
from quantlab.formats.unwrap_model import (
    ENDS,
    SAVE_INSTEAD,
    can_encode,
    flatten,
)
from quantlab.protocol.plain_values import Encoder, UnsupportedResult
from quantlab.protocol.wire import MAX_ARRAYS, MAX_BYTES

MAX_STRING = 1000  # characters
# How torch says that it met a class or function instead of data.
_PYTHON_OBJECT = re.compile("unsupported (global|class)", re.IGNORECASE)
_NEWER_PROTOCOL = "Unsupported operand"  # an instruction of pickle's protocols 3 to 5


def read_saved_model(content: bytes, limit: int = MAX_BYTES) -> dict[str, Any]:
    """Return the arrays, numbers and strings of a file, by name.

    Nested mappings are flattened (`unwrap_model.flatten`). bfloat16 becomes float32. Values of
    other types are left out, except under the names of a model. A packed model of question 3 is
    recognized by its first bytes.

    Args:
        content: The bytes of the file.
        limit: Bytes of all arrays together.

    Raises:
        UnreadableModel: The file cannot be used.
    """
    if content.startswith(MAGIC):
        return _packed(content, limit)
    _recognize(content)
    encoder = Encoder(limit)
    encoded = {}
    for name, value in flatten(_load(content)).items():
        plain = _value(name, value, encoder)
        if plain is not None:
            encoded[name] = plain
    return encoded


def read_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return `read_saved_model` of the file at `path`. Raises `BadSavedModel`."""
    try:
        return read_saved_model(Path(path).read_bytes())
    except FileNotFoundError:
        raise BadSavedModel(f"{path} does not exist: check the name and the folder.") from None
    except OSError as error:
        raise BadSavedModel(f"{path} cannot be read ({error.strerror}): copy it again.") from None
    except UnreadableModel as problem:
        raise BadSavedModel(f"{Path(path).name} {problem}.") from None


def _packed(content: bytes, limit: int) -> dict[str, Any]:
    """Return what a packed model holds, under the names of `packed_model.values`."""
    try:
        values = packed_model.values(packed_model.unpack(content))
    except BadPackedModel as problem:
        raise UnreadableModel(f"is no packed model that can be used: {problem}") from None
    encoder = Encoder(limit)
    return {name: _value(name, value, encoder) for name, value in values.items()}


def _recognize(content: bytes) -> None:
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
        raise UnreadableModel(f"was compressed again, as torch.save never does; {SAVE_INSTEAD}")
    if len(members) > 2 * MAX_ARRAYS:
        raise UnreadableModel(f"holds {len(members)} parts, far too many; {SAVE_INSTEAD}")


def _load(content: bytes) -> Any:
    try:
        with numpy_numbers():
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnreadableModel(_refusal(error)) from error
    except MemoryError:
        raise
    except Exception as error:  # torch raises many kinds for damaged files
        if "allocate memory" in str(error) or "not enough memory" in str(error):
            raise MemoryError from error
        raise UnreadableModel(f"is damaged, or no saved model; {SAVE_INSTEAD}") from error


def _refusal(error: pickle.UnpicklingError) -> str:
    if is_numpy_refusal(error):
        return (
            f"holds numpy values that are not plain numbers, which are not opened; {SAVE_INSTEAD}"
        )
    if _PYTHON_OBJECT.search(str(error)):
        return (
            f"holds a pickled module or other Python objects, which are not opened; {SAVE_INSTEAD}"
        )
    if _NEWER_PROTOCOL in str(error):
        return (
            "was saved with another pickle protocol, or is not a file that torch.save wrote; save "
            "it again with torch.save(values, path), without pickle_protocol"
        )
    return f"is not a file that torch.save wrote; {SAVE_INSTEAD}"


def _value(name: str, value: Any, encoder: Encoder) -> Any:
    """Return the plain value; None for another type whose name is not that of a model's part."""
    if isinstance(value, PickledArray):
        value = _signed(name, value.array)
    if isinstance(value, torch.Tensor):
        if value.dtype == torch.bfloat16 and value.numel() * 4 <= MAX_BYTES:
            value = value.float()
        try:
            return encoder.array(value)
        except UnsupportedResult as error:
            raise UnreadableModel(f"holds under {name} {error}") from error
    if type(value) in (bool, float) or (type(value) is int and abs(value) < 1 << 63):
        return value
    if type(value) is str and len(value) <= MAX_STRING and can_encode(value):
        return value
    if name.replace("/", ".").rpartition(".")[2] not in ENDS:
        return None
    raise UnreadableModel(
        f"holds under {name} a {type(value).__name__}, where tensors, numbers and short strings "
        f"belong; {SAVE_INSTEAD}"
    )


def _signed(name: str, array: np.ndarray | None) -> torch.Tensor:
    """Return an array as a tensor; unsigned integers that torch computes little with are int64."""
    if array is None or (array.dtype == np.uint64 and array.size and array.max() >= 1 << 63):
        raise UnreadableModel(f"holds under {name} no array of numbers; {SAVE_INSTEAD}")
    wide = array.dtype.kind == "u" and array.dtype.itemsize > 1
    return torch.from_numpy(array.astype(np.int64) if wide else array)
