"""Checks of single untrusted values of a saved model: shape, dtype, finiteness, range.

Each function takes the name of a value (for the message) and the value: a torch tensor, a numpy
array, a number or anything else. It returns a fresh plain tensor or number, or raises
`BadSavedModel`.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from quantlab.arithmetic.denormals import SMALLEST_NORMAL, without_denormals
from quantlab.errors import BadSavedModel

Value = Tensor | np.ndarray | float | int | str

HOW_TO_SAVE = "save the model with quantlab.formats.saved_model.save"
LARGEST_CODE = 2**31  # outside every bit width
INTEGERS = (torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8)
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def describe(value: object) -> str:
    """Return the type and shape of a value, in a few words on one line."""
    if isinstance(value, (Tensor, np.ndarray)):
        return f"a {type(value).__name__} of dtype {value.dtype} and shape {tuple(value.shape)}"
    return f"the {type(value).__name__} {value!a:.40}"


def positive_scale(name: str, value: Any) -> float:
    """Return a positive, finite, normal float32 number, from a number or one-element tensor."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            tensor = torch.tensor(float(value), dtype=torch.float64)
        except OverflowError:  # an integer beyond float64
            tensor = torch.tensor(math.inf)
    else:
        tensor = _tensor(name, value, "a positive number")
    if tensor.numel() != 1:
        raise BadSavedModel(
            f"{name} has the shape {tuple(tensor.shape)}, but there is one scale per tensor: "
            "quantize per tensor and save one positive number."
        )
    scale = tensor.reshape(()).to(torch.float32).item()
    if not SMALLEST_NORMAL <= scale < math.inf:
        raise BadSavedModel(
            f"{name} is {scale:g}, but a scale is positive (at least {SMALLEST_NORMAL:.2g}) and "
            "finite: calibrate or train that layer again."
        )
    return scale


def float_tensor(name: str, value: Any, shape: tuple[int, ...]) -> Tensor:
    """Return a finite float32 tensor of `shape`, from any floating-point dtype.

    Numbers below the smallest normal float32 become zero.
    """
    tensor = _shaped(name, value, shape)
    if tensor.dtype not in FLOATS:
        raise BadSavedModel(
            f"{name} has the dtype {tensor.dtype}, but floating-point numbers are expected: save "
            "it as float32."
        )
    tensor = tensor.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
    if not bool(torch.isfinite(tensor).all()):
        raise BadSavedModel(
            f"{name} holds NaN or infinite numbers in float32: train or calibrate again, with a "
            "lower learning rate if that was the cause."
        )
    return without_denormals(tensor)


def code_tensor(name: str, value: Any, shape: tuple[int, ...]) -> Tensor:
    """Return an int64 tensor of `shape`, from any integer dtype or whole floating-point numbers."""
    tensor = _shaped(name, value, shape)
    if tensor.dtype in FLOATS and bool((tensor == tensor.round()).all()):
        tensor = tensor.double().clamp(-LARGEST_CODE, LARGEST_CODE)  # infinity has no integer
    elif tensor.dtype not in INTEGERS:
        raise BadSavedModel(
            f"{name} has the dtype {tensor.dtype}, but codes are integers: save it with "
            ".to(torch.int8)."
        )
    return tensor.to(torch.int64, memory_format=torch.contiguous_format, copy=True)


def _shaped(name: str, value: Any, shape: tuple[int, ...]) -> Tensor:
    tensor = _tensor(name, value, f"a tensor of shape {shape}")
    if tuple(tensor.shape) != shape:
        raise BadSavedModel(
            f"{name} has the shape {tuple(tensor.shape)} instead of {shape}: build the model with "
            "quantlab.network.resnet.resnet20() for 10 classes."
        )
    return tensor


def _tensor(name: str, value: Any, expected: str) -> Tensor:
    """Return a dense tensor on the CPU, of a dtype that this kit supports."""
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.array(value, dtype=value.dtype.newbyteorder("="), order="C")
        try:
            value = torch.from_numpy(array)
        except TypeError:  # strings, objects, long doubles: described below
            value = array
    if (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and not (value.is_meta or value.is_quantized)
    ):
        tensor = value.detach().cpu()
        if tensor.dtype in (*INTEGERS, *FLOATS, torch.bool):
            return tensor
    raise BadSavedModel(f"{name} is {describe(value)}, but {expected} is expected: {HOW_TO_SAVE}.")
