"""Compare times in alternating runs, as a ratio of each run.

Other load of the machine affects both sides of a ratio. Therefore ratios are comparable across
machines, unlike seconds.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Action = Callable[[], object]


@dataclass(frozen=True)
class Measurement:
    """One line of the table: what was measured, against what, and how it compares.

    `values` has one number per run, in `unit` ("times", "ms", "s" or "MB"). `must` and `aim` are
    bounds in the same unit, lower bounds if `more_is_better`.
    """

    what: str
    against: str
    unit: str
    values: tuple[float, ...]
    must: float | None = None
    aim: float | None = None
    more_is_better: bool = False

    @property
    def middle(self) -> float:
        """The median of the runs."""
        return statistics.median(self.values)

    @property
    def holds(self) -> bool:
        """Whether the median satisfies `must`."""
        return self.must is None or self._satisfies(self.must)

    @property
    def verdict(self) -> str:
        """The best bound that the median meets: "aim", "must", or "missed"."""
        if not self.holds:
            return "missed"
        return "aim" if self.aim is not None and self._satisfies(self.aim) else "must"

    def _satisfies(self, bound: float) -> bool:
        return self.middle >= bound if self.more_is_better else self.middle <= bound


def seconds(action: Action, times: int = 1) -> list[float]:
    """Return the seconds of each of `times` calls."""
    times_taken = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        times_taken.append(time.perf_counter() - started)
    return times_taken


def ratios(ours: Action, peer: Action, runs: int, times: int = 1) -> tuple[float, ...]:
    """Return the time of `ours` over that of `peer`, one number per run.

    A run calls each `times` times in a row and compares the medians: in a network, too, a layer
    finds its input in the cache. Both are called once before, for costs of the first call.
    """
    ours(), peer()
    return tuple(
        statistics.median(seconds(ours, times)) / statistics.median(seconds(peer, times))
        for _ in range(runs)
    )


def geometric_mean(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the geometric mean over cases, for each run."""
    return tuple(statistics.geometric_mean(run) for run in zip(*rows, strict=True))
