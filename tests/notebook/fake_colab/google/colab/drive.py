"""Drive is a folder; with FAKE_DRIVE=refused the person at the keyboard said no."""

import os
from pathlib import Path


def mount(mountpoint: str, force_remount: bool = False, timeout_ms: int = 120_000) -> None:
    if os.environ.get("FAKE_DRIVE") == "refused":
        raise ValueError("mount failed")
    (Path(mountpoint) / "MyDrive").mkdir(parents=True, exist_ok=True)
