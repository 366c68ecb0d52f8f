"""Measure the kernels in a new process, as every process is when it begins.

Earlier allocations decide whether large tensors cost a page fault for every page; for torch's int32
convolution that is a factor of 2.5. With `older`, variables of torch and of oneDNN restrict the
process to AVX2. It prints its measurements as JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict

import torch

from autograder.exit_status import USAGE
from benchmarks import kernels
from benchmarks.ratios import Measurement
from quantlab.arithmetic.int8_kernels import is_exact
from quantlab.paths import KIT

OLDER = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}


def measure_kernels(runs: int, older: bool) -> Iterator[Measurement]:
    """Yield the measurements of a new process. Raise `subprocess.CalledProcessError`."""
    numbers = (str(number) for number in (runs, torch.get_num_threads(), int(older)))
    command = [sys.executable, "-m", "benchmarks.kernels_in_process", *numbers]
    environment = {**os.environ, **(OLDER if older else {})}
    process = subprocess.run(command, cwd=KIT, env=environment, check=True, stdout=subprocess.PIPE)
    for record in json.loads(process.stdout):
        yield Measurement(**{**record, "values": tuple(record["values"])})


def main() -> int:
    """Measure and print in this process, and return the exit status."""
    runs, threads, older = (int(argument) for argument in sys.argv[1:])
    torch.set_num_threads(threads)
    if older and is_exact():
        print("The 8-bit instructions could not be hidden from oneDNN here.", file=sys.stderr)
        return USAGE
    try:
        measured = list(
            kernels.measure_float_path(runs) if older else kernels.measure_kernels(runs)
        )
    except kernels.Inexact as problem:
        print(problem, file=sys.stderr)
        return USAGE
    print(json.dumps([asdict(each) for each in measured]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
