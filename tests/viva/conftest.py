"""An executor in this process, for solutions that this repository wrote itself."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
import torch

from autograder.engine.oracle import Oracle
from quantlab.protocol.calls import Answer, Failure, Program
from quantlab.protocol.execute import load_module, run_program
from quantlab.protocol.failures import failure_of
from quantlab.protocol.repair import Imported


class InProcess:
    """Runs programs here, and remembers how many."""

    isolation = "in process"

    def __init__(self) -> None:
        self.runs = 0

    def import_source(self, source: str) -> Imported:
        try:
            load_module(source)
        except Exception as error:
            return Imported(source, failure_of(error))
        return Imported(source)

    def run(self, source: str, program: Program) -> Answer | Failure:
        self.runs += 1
        try:
            return run_program(load_module(source), program)
        except Exception as error:
            return failure_of(error, program.target)

    def read_checkpoint(self, content: bytes) -> Mapping[str, Any] | Failure:
        try:
            return torch.load(io.BytesIO(content), weights_only=True)
        except Exception:
            return Failure("error", "It can't be read.")


@pytest.fixture
def executor() -> InProcess:
    return InProcess()


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle()
