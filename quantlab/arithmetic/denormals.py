"""Denormal numbers (below 2^-126 in magnitude) count as zero while a model is measured.

Some processors compute with them far more slowly, a whole model 28 times. A model made of them
could block the grader. No logit of the kit's own models changes.

The processor has a mode for this, one per thread. A thread passes it on to threads that it starts
later, but not to those that a parallel computation started earlier. `flush_denormals` therefore
computes in a new thread, whose helpers are new as well, and keeps the caller's mode. A device
without such a mode computes with the numbers as they are.
"""

import contextvars
import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

SMALLEST_NORMAL = torch.finfo(torch.float32).tiny  # 2^-126


def flush_denormals(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return `function` computing, on all its threads, with denormal numbers as zero."""

    @functools.wraps(function)
    def flushed(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        result: Future[Result] = Future()
        context = contextvars.copy_context()

        def compute() -> None:
            torch.set_flush_denormal(True)
            try:
                result.set_result(context.run(function, *args, **kwargs))
            except BaseException as error:  # the caller raises it
                result.set_exception(error)

        threading.Thread(target=compute, name=function.__name__, daemon=True).start()
        return result.result()

    return flushed


def without_denormals(tensor: Tensor) -> Tensor:
    """Return a float32 tensor with its denormal numbers replaced by zero."""
    return tensor.masked_fill(tensor.abs() < SMALLEST_NORMAL, 0.0)
