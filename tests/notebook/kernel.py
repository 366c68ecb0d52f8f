"""A real kernel on a student's desk, with the notebook's setup cell already run."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk import STUDENT, kernel_environment, lay_out
from jupyter_client.manager import start_new_kernel

from authoring.build.notebook import student_notebook

SECONDS = 600  # for a cell, on a machine that is busy with other things
NAME = os.environ.get("NOTEBOOK_KERNEL", "python3")  # ipython_kernels.sh and colab_kernel.sh set it


@dataclass(frozen=True)
class Kernel:
    """A running kernel; `folder` is the student's, with solution.py in it."""

    client: Any
    folder: Path

    def run(self, cell: str) -> list[str]:
        """Run a cell and return every line that it shows: streams, values and tracebacks."""
        shown: list[str] = []

        def collect(message: dict[str, Any]) -> None:
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    shown.append(content["text"])
                case "error":
                    shown.append("\n".join(content["traceback"]) + "\n")
                case "execute_result" | "display_data":
                    shown.append(content["data"].get("text/plain", "") + "\n")

        self.client.execute_interactive(cell, output_hook=collect, timeout=SECONDS)
        return "".join(shown).splitlines()


@contextmanager
def student_kernel(folder: Path, solution: str) -> Iterator[Kernel]:
    """Yield a kernel in a copy of the kit in `folder` after the cells up to the setup."""
    notebook = student_notebook()
    desk = lay_out(folder, notebook, solution)
    environment = kernel_environment(desk, {"STUDENT": STUDENT, "DATASET": "shapes10"})
    manager, client = start_new_kernel(kernel_name=NAME, cwd=str(desk), env=environment)
    try:
        kernel = Kernel(client, desk)
        for cell in json.loads(notebook)["cells"]:
            if cell["id"] in ("parameters", "setup"):
                kernel.run("".join(cell["source"]))
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
