"""Prepare what every check uses, once for all forks of the worker."""

import contextlib
import importlib
import os
import tempfile

import numpy as np
import torch


def warm_up() -> None:
    """Do once what the first use of each would do in every fork, or could not do there.

    matplotlib needs a writable folder when it is imported. A fork has none, and need not know the
    host's. A worker that may not write to the host's folder gets a temporary one.
    """
    with contextlib.suppress(ImportError, OSError), contextlib.ExitStack() as moment:
        if "MPLCONFIGDIR" not in os.environ:
            folder = tempfile.TemporaryDirectory(prefix="matplotlib-")
            os.environ["MPLCONFIGDIR"] = moment.enter_context(folder)
        importlib.import_module("matplotlib.pyplot")
    os.environ.pop("MPLCONFIGDIR", None)
    tempfile.tempdir = "/tmp"  # known on every tier, and closed to every fork
    np.random.seed(0)  # numpy imports its random numbers when they are first used
    image = torch.zeros(1, 1, 4, 4)
    kernel_weight = torch.ones(1, 1, 3, 3, requires_grad=True)
    output = torch.nn.functional.conv2d(image, kernel_weight, padding=1)
    torch.autograd.grad(output, kernel_weight, torch.ones_like(output))  # imports half of sympy
    torch.from_numpy(np.zeros(4, np.float32)).round().clamp(-1, 1).std().item()
    (torch.zeros(4, 4) @ torch.zeros(4, 4)).numpy()
