"""Programs run in another process with other instructions and threads."""

import numpy as np
import pytest

from authoring.verify.other_cpu import SETTINGS, OtherCpuExecutor
from quantlab.protocol.calls import Answer, Call, Failure, Input, Program

CODE = """
import torch
print("printed text is no answer")
def f(x):
    return x * 2
def capability():
    return torch.backends.cpu.get_cpu_capability(), torch.get_num_threads()
def broken():
    raise ValueError("no")
"""


def program(name: str, **inputs: np.ndarray) -> Program:
    return Program((Call(name, tuple(map(Input, inputs))),), inputs)


def test_other_cpu_applies_the_environment():
    with OtherCpuExecutor({"ATEN_CPU_CAPABILITY": "default"}) as executor:
        assert executor.run(CODE, program("capability")).results[0][0] == "DEFAULT"
    with OtherCpuExecutor({"OMP_NUM_THREADS": "2"}) as executor:
        assert executor.run(CODE, program("capability")).results[0][1] == 2


@pytest.mark.parametrize("setting", SETTINGS)
def test_other_cpu_returns_answers_and_failures(setting):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    with OtherCpuExecutor(SETTINGS[setting]) as executor:
        for _ in range(2):
            answer = executor.run(CODE, program("f", x=x))
            assert isinstance(answer, Answer)
            np.testing.assert_array_equal(answer.results[0], 2 * x)
        failure = executor.run(CODE, program("broken"))
        assert isinstance(failure, Failure)
        assert "ValueError" in failure.message
