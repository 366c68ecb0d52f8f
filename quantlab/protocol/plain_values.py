"""Results of functions as plain values: numpy arrays, numbers, strings and containers.

The encoder runs on the results of the student's code and of the reference, so both sides of a
comparison are treated the same. Only dense tensors of ordinary dtypes pass, and sizes are checked
before anything is copied (a tensor of a terabyte costs nothing until then). The text of
`UnsupportedResult` completes "linear_quantize returned ...".
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from quantlab.errors import UnsupportedResult
from quantlab.protocol.wire import DTYPES, MAX_BYTES, MAX_DEPTH, MAX_INTEGER

MAX_PARTS = 50_000  # of lists and dicts; a header of 1 MiB holds about as many
MAX_TEXT = 10_000  # characters

# Taken before any student's code runs: later changes to torch.Tensor do not reach these.
_as_plain = torch.Tensor.as_subclass
_detach = torch.Tensor.detach
_resolve_conj = torch.Tensor.resolve_conj
_resolve_neg = torch.Tensor.resolve_neg
_contiguous = torch.Tensor.contiguous
_numpy = torch.Tensor.numpy
_Tensor = torch.Tensor
_without_overrides = torch._C.DisableTorchFunctionSubclass


class Encoder:
    """An encoder of results as plain values, with `limit` bytes of arrays in all."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        """Start with the full limits."""
        self._bytes_left = limit
        self._parts_left = MAX_PARTS

    def plain(self, value: Any, depth: int = 0) -> Any:
        """Return `value` with copies of its tensors as numpy arrays.

        Tuples of any kind become tuples.

        Raises:
            UnsupportedResult: A part is not data, or there is too much of it.
        """
        self._count_part(depth)
        if isinstance(value, _Tensor):
            return self.array(value)
        if isinstance(value, np.ndarray | np.generic):
            return self._numpy_array(np.asarray(value))
        if isinstance(value, list | tuple):
            parts = [self.plain(part, depth + 1) for part in value]
            return parts if isinstance(value, list) else tuple(parts)
        if isinstance(value, Mapping):
            return {_key(key): self.plain(part, depth + 1) for key, part in value.items()}
        return _scalar(value)

    def array(self, tensor: torch.Tensor) -> np.ndarray:
        """Return a copy of a dense tensor's values. Raises `UnsupportedResult`."""
        with _without_overrides():
            # as_subclass fails for sparse tensors, which have their own sentence
            plain = _detach(tensor if type(tensor) is _Tensor else _as_plain(tensor, _Tensor))
            _refuse_special(plain)
            self._count_bytes(plain.numel() * plain.element_size())
            plain = _contiguous(_resolve_neg(_resolve_conj(plain)))
            return np.array(_numpy(plain), copy=True)

    def _numpy_array(self, array: np.ndarray) -> np.ndarray:
        if array.dtype.name not in DTYPES:
            raise UnsupportedResult(
                f"a numpy array of dtype {array.dtype.name}; return a torch tensor"
            )
        self._count_bytes(array.size * array.dtype.itemsize)
        return np.array(array, copy=True)

    def _count_part(self, depth: int) -> None:
        self._parts_left -= 1
        if depth >= MAX_DEPTH:
            raise UnsupportedResult(
                f"containers nested more than {MAX_DEPTH} deep; return a tensor"
            )
        if self._parts_left < 0:
            raise UnsupportedResult(f"more than {MAX_PARTS} values in containers; return a tensor")

    def _count_bytes(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise UnsupportedResult(
                f"a tensor of {size:,} bytes, far more than the answer can have; check its shape"
            )


def _refuse_special(tensor: torch.Tensor) -> None:
    special = None
    if tensor.is_nested:
        special = "a nested tensor"
    elif tensor.layout is not torch.strided:
        special = "a sparse tensor"
    elif tensor.is_quantized:
        special = "a tensor of torch's own quantized dtypes"
    elif tensor.device.type != "cpu":
        special = f"a tensor on the device {tensor.device.type}"
    elif str(tensor.dtype).removeprefix("torch.") not in DTYPES:
        special = f"a tensor of dtype {tensor.dtype}"
    if special:
        raise UnsupportedResult(f"{special}; return a dense torch.Tensor on the CPU")


def _key(key: Any) -> Any:
    if key is None or type(key) in (bool, int, float, str):
        return _scalar(key)
    raise UnsupportedResult(
        f"a dict with a key of type {type(key).__name__}; use strings or numbers as keys"
    )


def _scalar(value: Any) -> Any:
    if value is None or type(value) in (bool, float):
        return value
    if type(value) is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise UnsupportedResult("an integer of more than 64 bits; check the computation")
        return value
    if type(value) is str:
        if len(value) > MAX_TEXT:
            raise UnsupportedResult(f"a string of {len(value):,} characters; return a tensor")
        return value.encode("utf-8", "replace").decode("utf-8")
    raise UnsupportedResult(
        f"an object of type {type(value).__name__}; "
        "return a torch.Tensor, a number, or a tuple, list or dict of these"
    )
