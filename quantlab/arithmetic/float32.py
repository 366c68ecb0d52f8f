"""Evaluation in full float32, with TF32, bfloat16 and autocast turned off."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch


@contextmanager
def full_float32(device: torch.device) -> Iterator[None]:
    """Compute in full float32 within the block: no autocast, no TF32, no hidden bfloat16.

    TF32 and bfloat16 keep 10 and 7 bits after the leading one. Inputs of a quantizer would move to
    a neighboring code, and the accuracy would differ from the grader's. Settings are restored at
    the end of the block.
    """
    with ExitStack() as restore:
        _turn_off_tf32(restore)
        with torch.autocast(device.type, enabled=False):
            yield


def _turn_off_tf32(restore: ExitStack) -> None:
    """Set every backend to float32, and back when `restore` is closed.

    The older flags are set as well: torch refuses to read them while they disagree with the newer
    ones, and parts of torch read them. It also refuses where the user has set the newer ones so.
    """
    places: Any = torch.backends  # its type stubs lack some of these
    with suppress(RuntimeError):
        restore.callback(setattr, places.cudnn, "allow_tf32", places.cudnn.allow_tf32)
        places.cudnn.allow_tf32 = False
    with suppress(RuntimeError):
        restore.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
        torch.set_float32_matmul_precision("highest")
    backends = (
        *(places.cuda.matmul, places.cudnn.conv, places.cudnn.rnn),
        *(places.mkldnn.conv, places.mkldnn.matmul),
    )
    for backend in backends:
        restore.callback(setattr, backend, "fp32_precision", backend.fp32_precision)
        backend.fp32_precision = "ieee"
