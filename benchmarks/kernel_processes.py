"""The kernels in a process of their own, which is as every process is that has just begun.

What a process has allocated before decides whether large tensors cost a page fault for every page;
for torch's int32 convolution that is the factor 2.5. With `older` the process is told to see AVX2
and nothing later, by the variables of torch and of oneDNN. What it measured comes back as JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict

import torch

from benchmarks import kernels
from benchmarks.rounds import Row
from quantlab.arithmetic.int8_kernels import is_exact
from quantlab.paths import KIT

OLDER = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}


def rows(runs: int, older: bool) -> Iterator[Row]:
    """Raises `subprocess.CalledProcessError`."""
    numbers = (str(number) for number in (runs, torch.get_num_threads(), int(older)))
    command = [sys.executable, "-m", "benchmarks.kernel_processes", *numbers]
    environment = {**os.environ, **(OLDER if older else {})}
    made = subprocess.run(command, cwd=KIT, env=environment, check=True, stdout=subprocess.PIPE)
    for row in json.loads(made.stdout):
        yield Row(**{**row, "values": tuple(row["values"])})


def main() -> int:
    runs, threads, older = (int(argument) for argument in sys.argv[1:])
    torch.set_num_threads(threads)
    if older and is_exact():
        print("The 8-bit instructions could not be hidden from oneDNN here.", file=sys.stderr)
        return 2
    try:
        measured = list(kernels.float_rows(runs) if older else kernels.rows(runs))
    except kernels.Inexact as problem:
        print(problem, file=sys.stderr)
        return 2
    print(json.dumps([asdict(row) for row in measured]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
