"""What many tests stand on: the reference, a player without walls, a data set of known accuracies.

`InProcessPlayer` runs a student's module in this process, by the very code that the worker runs
behind the walls. The tests that use it are about marking; tests/sandbox is about the walls.
"""

import os
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings
from torch import nn

from autograder.engine.corpus import load_mutants
from autograder.engine.misconceptions import Misconceptions
from autograder.engine.model_accuracy import Measurement
from autograder.engine.oracle import Oracle
from autograder.engine.record import Verdict
from autograder.engine.rubric import Rubric, load_rubric
from autograder.paths import REFERENCE
from instructor import solution
from quantlab.data.images import normalize
from quantlab.network.resnet import resnet20
from quantlab.paths import CELLS, DATASETS
from quantlab.protocol.calls import Answer, Failure, Program
from quantlab.protocol.execute import load_module, run_program
from quantlab.protocol.failures import failure_of
from quantlab.protocol.repair import Imported

# The tensors of tests are small: more threads would only wait for each other.
torch.set_num_threads(1)

# Otherwise the precision of a training depends on how fast the machine is at that moment.
os.environ["QUANTLAB_PRECISION"] = "float32"

# A deadline per example would measure the machine, not the code.
settings.register_profile("kit", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "kit")  # "ci": the same examples each time

SECRET = b"a secret that only tests know"


class InProcessPlayer:
    """A `Executor` without walls, for code that this repository wrote itself."""

    isolation = "in process"

    def __init__(self) -> None:
        self.imports = 0
        self.programs: list[Program] = []

    def import_source(self, source: str) -> Imported:
        self.imports += 1
        try:
            load_module(source)
        except Exception as error:
            return Imported(source, failure_of(error))
        return Imported(source)

    def run(self, source: str, program: Program) -> Answer | Failure:
        self.programs.append(program)
        try:
            return run_program(load_module(source), program)
        except Exception as error:
            return failure_of(error, program.target)

    def read_checkpoint(self, content: bytes) -> Mapping[str, Any] | Failure:
        return Failure("error", "no model is opened here")


@dataclass
class KnownMeasurements:
    """Measurements whose every number is given: models by content, PTQ the same everywhere."""

    dataset: str = "cifar10"
    quick: bool = False
    accuracies: dict[bytes, float] = field(default_factory=dict)
    variable: float = 88.0
    packed_widths: dict[bytes, dict[str, int]] = field(default_factory=dict)
    ptq: float = 80.0

    @property
    def dataset_title(self) -> str:
        return DATASETS[self.dataset]

    def model(
        self, content: bytes, weight_bits: int, act_bits: int, executor: object
    ) -> Measurement:
        if content not in self.accuracies:
            return Measurement(None, 0, Verdict.WRONG, "This model is broken.")
        return Measurement(self.accuracies[content], 10_000)

    def bit_widths(
        self, widths: Mapping[str, int], content: bytes | None, executor: object
    ) -> Measurement:
        return Measurement(self.variable, 10_000)

    def packed(self, content: bytes, executor: object) -> Measurement:
        if content not in self.packed_widths:
            return Measurement(None, 0, Verdict.WRONG, "This packed model is broken.")
        return Measurement(self.variable, 10_000, packed_widths=self.packed_widths[content])

    def ptq_accuracies(self, method: str) -> dict[str, tuple[float, ...]]:
        return dict.fromkeys(CELLS, (self.ptq,))


@pytest.fixture(scope="session")
def reference_source() -> str:
    return REFERENCE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def stub_source() -> str:
    return (Path(REFERENCE).parent.parent / "solution.py").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle()


@pytest.fixture(scope="session")
def misconceptions(oracle: Oracle) -> Misconceptions:
    return Misconceptions(oracle.source, load_mutants())


@pytest.fixture(scope="session")
def rubric() -> Rubric:
    return load_rubric()


@pytest.fixture
def executor() -> InProcessPlayer:
    return InProcessPlayer()


@pytest.fixture
def evaluator() -> KnownMeasurements:
    return KnownMeasurements()


@pytest.fixture(scope="session")
def secret() -> bytes:
    return SECRET


@pytest.fixture(scope="session")
def ops() -> types.ModuleType:
    return solution


@pytest.fixture(scope="session")
def pixels() -> torch.Tensor:
    """Blocky random images: neighbouring pixels go together, as in pictures."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.randint(0, 256, (24, 3, 4, 4), generator=generator, dtype=torch.uint8)
    return coarse.repeat_interleave(8, 2).repeat_interleave(8, 3)


@pytest.fixture(scope="session")
def float_model(pixels: torch.Tensor) -> nn.Module:
    """Random weights, with statistics of batch normalization that belong to them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = resnet20()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(normalize(pixels))
        model.fc.bias -= model.eval()(normalize(pixels)).mean(0)  # no class wins everywhere
    return model


@pytest.fixture
def float32_shortened() -> Iterator[None]:
    """Let this process compute float32 products in TF32 and bfloat16."""
    before = torch.get_float32_matmul_precision(), torch.backends.mkldnn.conv.fp32_precision
    torch.set_float32_matmul_precision("medium")
    torch.backends.mkldnn.conv.fp32_precision = "bf16"
    with torch.autocast("cpu", dtype=torch.bfloat16):
        yield
    torch.backends.mkldnn.conv.fp32_precision = before[1]
    torch.set_float32_matmul_precision(before[0])
