"""The clock of an epoch: how long it takes, and when to read losses and to save."""

import time
from dataclasses import replace

from quantlab.training.training_state import Sums

READ_SECONDS = 1.0  # between two readings of the losses
SAVE_SECONDS = 60.0  # between two checkpoints within an epoch


class EpochClock:
    """The time since the last call of `added_to`, and when the next reading and saving are due."""

    def __init__(self) -> None:
        """Start now."""
        self._started = time.monotonic(), time.process_time()
        self._read = self._saved = time.monotonic()

    def read_due(self) -> bool:
        """Return whether `READ_SECONDS` have passed since this was true."""
        due = time.monotonic() - self._read >= READ_SECONDS
        self._read = time.monotonic() if due else self._read
        return due

    def save_due(self) -> bool:
        """Return whether `SAVE_SECONDS` have passed since this was true."""
        due = time.monotonic() - self._saved >= SAVE_SECONDS
        self._saved = time.monotonic() if due else self._saved
        return due

    def added_to(self, sums: Sums) -> Sums:
        """Return `sums` with the wall-clock and processor time since the last call."""
        (wall, cpu), now = self._started, (time.monotonic(), time.process_time())
        self._started = now
        return replace(
            sums,
            seconds=sums.seconds + now[0] - wall,
            cpu_seconds=sums.cpu_seconds + now[1] - cpu,
        )
