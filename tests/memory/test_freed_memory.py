"""Evaluating batch after batch fetches no memory anew, where the allocator is glibc's."""

import subprocess
import sys

import pytest

from quantlab.memory import keep_freed_memory

PROGRAM = """
import resource, sys, torch
from quantlab.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def batch():
    tensors = [torch.ones(2 << 20) for _ in range(4)]  # 8 MiB each
for _ in range(6):  # until the heap has grown to its size
    batch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    batch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not keep_freed_memory(), reason="the allocator here is not glibc's")
def test_pages_are_fetched_once() -> None:
    faults = {}
    for setting in ("kept", "given back"):
        command = [sys.executable, "-c", PROGRAM, setting]
        made = subprocess.run(command, check=True, capture_output=True, text=True)
        faults[setting] = int(made.stdout)
    assert faults["kept"] < faults["given back"] / 10
