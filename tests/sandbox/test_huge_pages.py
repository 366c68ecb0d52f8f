"""Gathering memory in huge pages changes where it lies, and nothing of what it holds."""

import subprocess
import sys
from pathlib import Path

import pytest

THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")
SCRIPT = """
import re
from pathlib import Path
from autograder.sandbox.huge_pages import collapse_memory

def huge():
    maps = Path("/proc/self/smaps").read_text()
    return sum(map(int, re.findall(r"AnonHugePages: +(\\d+)", maps)))

held = [bytes([number % 251]) * 5000 for number in range(4000)]  # 20 MB in small pieces
before = huge()
agreed = collapse_memory()
assert all(piece == bytes([number % 251]) * 5000 for number, piece in enumerate(held))
print(agreed, huge() - before)
"""


@pytest.fixture(scope="module")
def collapsed() -> tuple[int, int]:
    """How often the kernel agreed, and how many KiB are in huge pages that were not before."""
    command = [sys.executable, "-c", SCRIPT]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    agreed, more = ended.stdout.split()
    return int(agreed), int(more)


def test_collapse_memory_returns_what_the_kernel_did(collapsed: tuple[int, int]) -> None:
    agreed, more = collapsed
    assert more <= agreed * 2048
    assert (agreed > 0) == (more > 0)


def test_collapse_memory_moves_most_memory_to_huge_pages(collapsed: tuple[int, int]) -> None:
    if not THP.exists() or "[never]" in THP.read_text() or collapsed[0] == 0:
        pytest.skip("this kernel gathers no memory on request (Linux 6.1 or later does)")
    assert collapsed[1] > 10_000
