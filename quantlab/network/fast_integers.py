"""The kit's integer kernels in place of the student's, for long jobs.

The kit's kernels return exactly what correct ones return, several times as fast. The functions
that call `integer_linear` and `integer_conv2d` by name find the fast ones within a block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from quantlab.arithmetic import integer_kernels
from quantlab.errors import is_stub

REPLACED = ("integer_linear", "integer_conv2d")


@contextmanager
def fast_integers(ops: Any) -> Iterator[None]:
    """Replace the integer layers of `ops` by the kit's within the block.

    For functions that have passed their checks. `ops` is as before afterwards, also after an
    exception.
    """
    own = {name: vars(ops)[name] for name in REPLACED if name in vars(ops)}
    try:
        for name in REPLACED:
            setattr(ops, name, getattr(integer_kernels, name))
        yield
    finally:
        for name in REPLACED:
            if name in own:
                setattr(ops, name, own[name])
            else:
                delattr(ops, name)


@contextmanager
def fast_integers_if_exact(ops: Any) -> Iterator[None]:
    """Replace the integer layers of `ops` by the kit's within the block, if both agree.

    They are compared on a small convolution and a small product. If they differ, a line is printed
    and the functions of `ops` stay. Those that are not written yet stay without a line: the block
    names what it needs first.
    """
    agree = _agree(ops)
    if agree:
        with fast_integers(ops):
            yield
        return
    if agree is False:
        print("Your integer layers differ from exact ones (question 2b); yours are used, slowly.")
    yield


def _agree(ops: Any) -> bool | None:
    """Return whether the integer layers of `ops` are exact; None if one is not written yet."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (2, 5, 9, 9), generator=generator, dtype=torch.int32)
    kernel = torch.randint(-128, 128, (4, 5, 3, 3), generator=generator, dtype=torch.int32)
    rows, columns = image.flatten(1), kernel.flatten(1)
    rows = rows[:, : columns.shape[1]]
    try:
        sums, products = ops.integer_conv2d(image, kernel, 2, 1), ops.integer_linear(rows, columns)
    except NotImplementedError as stub:
        if is_stub(stub):
            return None
        raise
    return torch.equal(sums, integer_kernels.integer_conv2d(image, kernel, 2, 1)) and torch.equal(
        products, integer_kernels.integer_linear(rows, columns)
    )
