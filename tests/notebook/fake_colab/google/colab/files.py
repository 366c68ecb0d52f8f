"""A download leaves a line in FAKE_DOWNLOADS."""

import os
from pathlib import Path


def download(filename: str) -> None:
    if not Path(filename).exists():
        raise FileNotFoundError(filename)
    with open(os.environ["FAKE_DOWNLOADS"], "a") as log:
        log.write(f"{filename}\n")
