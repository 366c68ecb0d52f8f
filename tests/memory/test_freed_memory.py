"""What was freed is used again, where the allocator is glibc's, instead of being fetched anew."""

import subprocess
import sys

import pytest

from quantlab.arithmetic.malloc import keep_freed_memory

PROGRAM = """
import ctypes, resource, sys
from quantlab.arithmetic.malloc import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
def use(size):
    block = libc.malloc(size)
    ctypes.memset(block, 1, size)
    libc.free(block)
use(16 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use(8 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not keep_freed_memory(), reason="the allocator here is not glibc's")
def test_keep_freed_memory_reuses_pages() -> None:
    faults = {}
    for setting in ("kept", "given back"):
        command = [sys.executable, "-c", PROGRAM, setting]
        process = subprocess.run(command, check=True, capture_output=True, text=True)
        faults[setting] = int(process.stdout)
    assert faults["kept"] < faults["given back"] / 10
