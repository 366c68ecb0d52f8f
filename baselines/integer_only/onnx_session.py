"""Run a network in ONNX Runtime, on the CPU.

Its 8-bit convolutions are exact on processors with VNNI or AMX. On older ones, AVX2 and AVX-512 sum
pairs of products in 16 bits and saturate, so that predictions may differ.
"""

import os
from typing import Any

import torch
from torch import Tensor

from baselines.integer_only.onnx_export import INPUT, OUTPUT, deployment_package
from quantlab.data.images import normalize

BATCH_SIZE = 125
ERRORS_ONLY = 3  # of ONNX Runtime's log levels


class OnnxSession:
    """Runs the graph at `path`, optimized once for many batches."""

    def __init__(self, path: str | os.PathLike[str], threads: int = 1) -> None:
        """Load the graph. Raise `MissingPackage`."""
        runtime: Any = deployment_package("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = ERRORS_ONLY
        self._session = runtime.InferenceSession(
            os.fspath(path), options, providers=["CPUExecutionProvider"]
        )

    def logits(self, pixels: Tensor, batch_size: int = BATCH_SIZE) -> Tensor:
        """Return float32 (N, 10) for uint8 (N, 3, 32, 32)."""
        batches = [
            torch.from_numpy(self._session.run([OUTPUT], {INPUT: normalize(batch).numpy()})[0])
            for batch in pixels.contiguous().split(batch_size)
        ]
        return torch.cat(batches)
