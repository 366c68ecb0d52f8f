"""Write reports: a folder per student, and one table of all students.

    DIR/<student>/report.json   the score; equal submissions and secrets give equal bytes
    DIR/<student>/run.json      what varies: seconds, machine, versions, tracebacks of faults
    DIR/<student>/report.html   the same report for people
    DIR/summary.csv             one row per report in the folder, also of earlier runs

Every file is written to a temporary name and renamed, so it is complete or absent.
"""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from autograder.engine.record import Report
from autograder.errors import UnwritableResults
from autograder.grading.submission import Trace
from autograder.report import html
from autograder.report.summary_csv import summary_csv
from quantlab.atomic_files import write_text_atomically


class ResultsFolder:
    """Write reports below `folder`, which is created if absent."""

    def __init__(self, folder: Path, for_staff: bool = False) -> None:
        """Create the folder and its table. Pages `for_staff` show flags.

        Raises:
            UnwritableResults: they can't be written.
        """
        self.folder = folder
        self._for_staff = for_staff
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.write_summary()
        except OSError as error:
            raise _unwritable(folder, error) from error

    def page(self, student: str) -> Path:
        """Return the path of a student's HTML report."""
        return self.folder / student / "report.html"

    def write_report(self, report: Report) -> None:
        """Write `report.json` alone; called after every check."""
        self._write(self.folder / report.student / "report.json", report.to_json())

    def write_final(self, report: Report, trace: Trace) -> None:
        """Write all files of one student, and the table of all students."""
        self.write_student(report, trace)
        self.write_summary()

    def write_student(self, report: Report, trace: Trace) -> None:
        """Write all files of one student."""
        self.write_report(report)
        run = json.dumps({**machine(), "seconds": trace.seconds, "faults": trace.faults}, indent=1)
        self._write(self.folder / report.student / "run.json", run + "\n")
        self._write(self.page(report.student), html.render(report, for_staff=self._for_staff))

    def write_summary(self) -> None:
        """Write the table of all reports in the folder."""
        reports = [_read(path) for path in sorted(self.folder.glob("*/report.json"))]
        self._write(self.folder / "summary.csv", summary_csv([r for r in reports if r]))

    def _write(self, path: Path, text: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text_atomically(path, text)
        except OSError as error:
            raise _unwritable(path, error) from error


def machine() -> Mapping[str, Any]:
    """Return what could influence a score: versions, CPU instructions, threads, cores."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _read(path: Path) -> Report | None:
    """Return the report at a path; None if another version of the kit wrote it."""
    try:
        return Report.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError, OSError):
        return None


def _unwritable(path: Path, error: OSError) -> UnwritableResults:
    return UnwritableResults(
        f"{path} can't be written: {error.strerror or error}. Free some space or choose another "
        "folder with --out; what was written before is whole."
    )
