"""Write a file that is built from a master, or compare it with what would be built."""

import sys
from pathlib import Path

from quantlab.atomic_files import write_text_atomically


def write_or_compare(path: Path, text: str, master: Path, check: bool) -> int:
    """Write `text` to `path`, or with `check` only compare; return the exit status.

    `master` is the file that the text was built from, for the message. Raises `OSError`.
    """
    if not check:
        write_text_atomically(path, text)
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    print(
        f"{path.name} differs from {master.name}: run python -m authoring build and "
        "commit the result.",
        file=sys.stderr,
    )
    return 1
