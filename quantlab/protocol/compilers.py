"""Let torch's compilers return what they were given.

They write files and start programs, which a check may not. A compiled function computes the same as
the function itself, so student code that compiles runs as if it did not.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch


def switch_off() -> None:
    """Replace `torch.compile`, `Module.compile` and `torch.jit.script`, in this process."""
    torch.compile = _keep_function(torch.compile)
    torch.nn.Module.compile = _keep_module  # type: ignore[method-assign]


def _keep_function(compiler: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is called as `compiler`, also as a decorator with arguments."""

    @functools.wraps(compiler)
    def keep(model: Any = None, *_options: Any, **_more: Any) -> Any:
        return keep if model is None else model

    return keep


def _keep_module(self: torch.nn.Module, *_options: Any, **_more: Any) -> None:
    """Leave a module as it is."""
