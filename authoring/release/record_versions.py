"""Record the versions of a test run of the notebook that passed.

    PYTHON -c '...' | python -m authoring.release.record_versions KERNEL RAN

reads {package: version} as JSON from its input and replaces the entry of KERNEL in
`quantlab/notebook/tested_versions.json`.
"""

import datetime
import json
import sys
from pathlib import Path
from typing import Any

from quantlab.notebook.tested_versions import FILE


def record(kernel: str, ran: str, versions: dict[str, str], date: str, file: Path = FILE) -> None:
    """Replace the entry of `kernel` in the file, or add it."""
    runs: list[dict[str, Any]] = []
    if file.exists():
        runs = json.loads(file.read_text(encoding="utf-8"))
    others = [run for run in runs if run["kernel"] != kernel]
    new = {"kernel": kernel, "date": date, "ran": ran, "versions": versions}
    text = json.dumps(sorted([*others, new], key=lambda run: run["kernel"]), indent=1)
    file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    record(sys.argv[1], sys.argv[2], json.load(sys.stdin), datetime.date.today().isoformat())
