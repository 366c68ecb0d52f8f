"""Let torch's restricted unpickler read numpy's numbers and arrays, without numpy's own unpickling.

`torch.load(weights_only=True)` refuses numpy. Allowing numpy's functions would let a file choose a
dtype with objects or false flags, which numpy does not check. So plain classes of this module take
the places of numpy's names. They accept numbers only: the kinds b, i, u and f, whose bytes have
exactly the length of the shape. Dates, paths and settings that people save beside a model become
`Unread` objects.
"""

import math
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

_PLAIN_CODE = re.compile("b1|[iu][1248]|f[248]")
_MOST_DIMENSIONS = 16
_REFUSED = "a numpy value that is not a plain number or array of numbers"  # `is_numpy_refusal`


class Unread:
    """An object that is not a number: it can be saved beside a model and is not read."""

    def __new__(cls, *args: Any) -> "Unread":
        """Return an empty object, whatever the arguments."""
        return super().__new__(cls)

    def __init__(self, *args: Any) -> None:
        """Ignore the arguments."""

    def __setstate__(self, state: Any) -> None:
        """Ignore the state."""


class PickledDtype:
    """A dtype of numbers, in the place of `numpy.dtype`."""

    def __init__(self, code: Any, *options: Any) -> None:
        """Keep `code`, such as "f4". Raises `UnpicklingError` if it is not one of numbers."""
        if type(code) is not str or not _PLAIN_CODE.fullmatch(code):
            raise pickle.UnpicklingError(_REFUSED)
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        """Set the byte order. Raises `UnpicklingError` for fields, parts or other flags."""
        match state:
            case (int(), "<" | ">" | "=" | "|" as order, None, None, None, -1, -1, 0):
                self.dtype = self.dtype.newbyteorder(order)
            case _:
                raise pickle.UnpicklingError(_REFUSED)


class PickledArray:
    """An array of numbers, in the place of `numpy.ndarray`."""

    array: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        """Set `array`. Raises `UnpicklingError` if the bytes do not have the array's length."""
        match state:
            case (int(), tuple(shape), PickledDtype(dtype=dtype), bool(fortran), bytes(content)):
                self.array = _array(shape, dtype, content, "F" if fortran else "C")
            case _:
                raise pickle.UnpicklingError(_REFUSED)


def _array(shape: tuple[Any, ...], dtype: np.dtype, content: bytes, order: Any) -> np.ndarray:
    if (
        len(shape) > _MOST_DIMENSIONS
        or not all(type(length) is int and length >= 0 for length in shape)
        or math.prod(shape) * dtype.itemsize != len(content)
    ):
        raise pickle.UnpicklingError(_REFUSED)
    array = np.frombuffer(content, dtype).reshape(shape, order=order)
    return array.astype(dtype.newbyteorder("="))


def _reconstruct(array_type: Any, shape: Any, code: Any) -> PickledArray:
    """Take the place of numpy's function of this name, which makes an array without content."""
    return PickledArray()


def _scalar(dtype: Any, content: Any) -> bool | int | float:
    """Take the place of numpy's `scalar`: return the Python number with these bytes."""
    if not isinstance(dtype, PickledDtype) or type(content) is not bytes:
        raise pickle.UnpicklingError(_REFUSED)
    number: bool | int | float = _array((), dtype.dtype, content, "C").item()
    return number


def _no_bytes() -> bytes:
    """Take the place of `bytes`, which is called for the content of an empty array."""
    return b""


_IN_PLACE_OF: tuple[tuple[Callable[..., Any], str], ...] = (
    (_no_bytes, "builtins.bytes"),
    (PickledDtype, "numpy.dtype"),
    (PickledArray, "numpy.ndarray"),
    *(
        (function, f"numpy.{module}.multiarray.{name}")
        for module in ("_core", "core")  # numpy 2, numpy 1
        for function, name in ((_reconstruct, "_reconstruct"), (_scalar, "scalar"))
    ),
    *(
        (Unread, name)
        for name in (
            "argparse.Namespace",
            "datetime.date",
            "datetime.datetime",
            "datetime.timedelta",
            "datetime.timezone",
            "pathlib.PosixPath",
            "pathlib.PurePosixPath",
            "pathlib.WindowsPath",
            "pathlib._local.PosixPath",  # Python 3.13
            "pathlib._local.WindowsPath",
            "types.SimpleNamespace",
        )
    ),
)


def numpy_numbers() -> Any:
    """Return a context in which `torch.load(weights_only=True)` reads numpy's numbers.

    Arrays are read as `PickledArray`, numpy's numbers as Python's.
    """
    return torch.serialization.safe_globals(list(_IN_PLACE_OF))


def is_numpy_refusal(error: pickle.UnpicklingError) -> bool:
    """Return whether the error is about a numpy value that is not made of numbers."""
    return _REFUSED in str(error)
