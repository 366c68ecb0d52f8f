"""A mark does not depend on the processor: every way to compute gives all images the same class."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from quantlab.arithmetic.int8_kernels import is_exact
from quantlab.data.cifar10 import load_dataset
from quantlab.errors import DataNotFound
from quantlab.paths import CELLS

KIT = Path(__file__).resolve().parents[2]
WAYS: Mapping[str, Mapping[str, str]] = {  # what torch and oneDNN are told to see
    "float32 with AVX-512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "float32 with AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
}
PROGRAM = """
import hashlib, sys
from pathlib import Path
from quantlab.formats.saved_model import load
from quantlab.data.cifar10 import load_dataset
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.arithmetic.int8_kernels import is_exact
images = load_dataset(sys.argv[1], "test").images[: int(sys.argv[2])]
print(is_exact())
for cell in sys.argv[3:]:
    path = Path("instructor", "checkpoints", sys.argv[1], f"ResNet20_{cell}.pt")
    classes = IntegerResNet20(load(path)).predict(images)
    print(cell, len(classes), hashlib.sha256(classes.numpy().tobytes()).hexdigest())
"""


@pytest.mark.parametrize(
    ("dataset", "count", "cells"),
    [
        ("shapes10", 400, ("W8A8", "W2A2")),
        pytest.param(
            "cifar10", 10_000, tuple(CELLS), marks=[pytest.mark.long, pytest.mark.cifar10]
        ),
    ],
)
@pytest.mark.skipif(not is_exact(), reason="this processor has one way only")
def test_integer_resnet20_predicts_the_same_with_and_without_vnni(
    dataset: str, count: int, cells: tuple[str, ...]
) -> None:
    try:
        load_dataset(dataset, "test")
    except DataNotFound as reason:
        pytest.skip(str(reason))
    exact, *expected = predictions(dataset, count, cells, {})
    assert exact == "True"
    assert [line.split()[:2] for line in expected] == [[cell, str(count)] for cell in cells]
    for environment in WAYS.values():
        assert predictions(dataset, count, cells, environment) == ["False", *expected]


def predictions(
    dataset: str, count: int, cells: tuple[str, ...], environment: Mapping[str, str]
) -> list[str]:
    """Whether there were exact 8-bit instructions, then a digest of each model's classes."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, dataset, str(count), *cells],
        env={**os.environ, **environment},
        cwd=KIT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()
