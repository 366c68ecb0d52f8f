"""The same arithmetic where the processor is an older one: without 8-bit instructions.

A process of its own is told to see AVX2 and nothing later, by the variables of torch and of oneDNN;
what it measured comes back as JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks import kernels
from benchmarks.rounds import Row
from quantlab.int8 import is_exact

KIT = Path(__file__).resolve().parent.parent
OLDER = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}


def rows(runs: int) -> Iterator[Row]:
    """Raises `subprocess.CalledProcessError`."""
    command = [sys.executable, "-m", "benchmarks.portable", str(runs), str(torch.get_num_threads())]
    environment = {**os.environ, **OLDER}
    made = subprocess.run(command, cwd=KIT, env=environment, check=True, stdout=subprocess.PIPE)
    for row in json.loads(made.stdout):
        yield Row(**{**row, "values": tuple(row["values"])})


def main() -> int:
    runs, threads = (int(argument) for argument in sys.argv[1:])
    torch.set_num_threads(threads)
    if is_exact():
        print("The 8-bit instructions could not be hidden from oneDNN here.", file=sys.stderr)
        return 2
    print(json.dumps([asdict(row) for row in kernels.float_rows(runs)]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
