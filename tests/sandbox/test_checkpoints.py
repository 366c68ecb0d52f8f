"""A saved model is opened behind the wall: values come out, objects never do."""

import argparse
import io
import os
import pickle
import random
import zipfile
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from autograder.sandbox.host import Sandbox
from quantlab.protocol.calls import Failure


def saved(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


STATE = {"fc.weight": torch.arange(6.0).reshape(2, 3), "steps": torch.tensor(3)}


@pytest.mark.parametrize(
    "content",
    [
        saved(STATE),
        saved({"state_dict": STATE, "epoch": 3}),
        saved({"model": STATE}),
        saved(STATE, _use_new_zipfile_serialization=False),
        saved({name: torch.nn.Parameter(t.float()) for name, t in STATE.items()}),
        saved({name: t.to(torch.bfloat16) for name, t in STATE.items()}),
        saved({name: t.numpy() for name, t in STATE.items()}),
        saved(
            {**STATE, "args": argparse.Namespace(lr=0.1), "at": [1, 2], "when": date(2026, 1, 1)}
        ),
    ],
    ids=["plain", "state_dict", "model", "old-format", "parameters", "bfloat16", "numpy", "extras"],
)
def test_read_checkpoint_returns_tensors_by_name(sandbox: Sandbox, content: bytes) -> None:
    values = sandbox.read_checkpoint(content)
    assert not isinstance(values, Failure), values
    values = {name.rpartition("/")[2]: value for name, value in values.items()}
    assert list(values)[:2] == list(STATE)
    np.testing.assert_array_equal(values["fc.weight"], STATE["fc.weight"].numpy())
    assert values["fc.weight"].dtype == np.float32


def test_read_checkpoint_returns_numbers_strings_and_dtypes(sandbox: Sandbox) -> None:
    codes = torch.tensor([[-8, 7]], dtype=torch.int8)
    values = sandbox.read_checkpoint(
        saved({"conv.weight_int": codes, "conv.weight_scale": 0.25, "format": "é", "version": 1})
    )
    assert not isinstance(values, Failure), values
    assert values["conv.weight_int"].dtype == np.int8
    assert values["conv.weight_int"].tolist() == [[-8, 7]]
    assert (values["conv.weight_scale"], values["format"], values["version"]) == (0.25, "é", 1)


class RunsShell:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return (os.system, ("touch /tmp/pwned",))


def deflated(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><title>Log in</title>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (saved(STATE)[:-200], "is cut short"),
        (random.Random(0).randbytes(3000), "is not a file that torch.save wrote"),
        (deflated(saved(STATE)), "was compressed again"),
        (saved(torch.nn.Linear(2, 2)), "a pickled module or other Python objects"),
        (saved({"a": Fraction(1)}), "a pickled module or other Python objects"),
        (saved(RunsShell()), "a pickled module or other Python objects"),
        (pickle.dumps(RunsShell()), "torch.save"),
        (saved(torch.zeros(2)), "holds a Tensor, not named tensors"),
        (saved([1, 2]), "holds a list, not named tensors"),
        (saved({"fc.weight": [1, 2]}), "holds under fc.weight a list"),
        (saved({"a": np.array([None])}), "numpy values that are not plain numbers"),
        (saved({"a": np.zeros(2, [("b", "f4")])}), "numpy values that are not plain numbers"),
        (saved(STATE, pickle_protocol=4), "another pickle protocol"),
        (saved({3: torch.zeros(1)}), "name that is no short string"),
        (saved({"a": torch.eye(3).to_sparse()}), "sparse"),
        (saved({"a": torch.zeros(1).expand(1 << 40)}), "far more than"),
        (saved({str(i): 1 for i in range(5000)}), "holds more than 4096 values"),
    ],
    ids=range(20),
)
def test_read_checkpoint_refuses_other_files_with_a_reason(
    sandbox: Sandbox, content: bytes, reason: str
) -> None:
    failure = sandbox.read_checkpoint(content)
    assert isinstance(failure, Failure)
    assert failure.kind == "error"
    assert reason in failure.message
    assert "weights_only" not in failure.message
    assert not os.path.lexists("/tmp/pwned")


def test_read_checkpoint_fails_if_memory_runs_out(sandbox: Sandbox) -> None:
    failure = sandbox.read_checkpoint(bytes(200 << 20))
    assert isinstance(failure, Failure)
    assert failure.kind in ("memory", "error")
