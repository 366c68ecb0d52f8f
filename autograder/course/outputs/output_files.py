"""Write the files of a class: each is complete or absent."""

import os
from pathlib import Path

from autograder.errors import AutograderError
from quantlab.atomic_files import write_text_atomically


class UnwritableOutputs(AutograderError):
    """A file can't be written, or must not be replaced; the message says which and why."""


class OutputFiles:
    """Writes files below `folder` and lists them in `written`. Methods raise `OSError`."""

    def __init__(self, folder: Path) -> None:
        """Write below this folder."""
        self.folder = folder
        self.written: list[Path] = []

    def write(self, name: str, text: str) -> None:
        """Write a text file and the folders above it."""
        path = self.place(name)
        write_text_atomically(path, text)
        self.written.append(path)

    def staff(self, name: str, text: str) -> None:
        """Write a text file into a folder that only this account can enter."""
        os.chmod(self.place(name).parent, 0o700)
        self.write(name, text)

    def place(self, name: str) -> Path:
        """Return the path of a file, and create the folders above it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def remove(self, name: str) -> bool:
        """Remove a file of an earlier run and return whether there was one."""
        path = self.folder / name
        existed = path.exists()
        path.unlink(missing_ok=True)
        return existed
