"""How times are compared: in runs that alternate, as a ratio of each run.

What else the machine does falls on both sides of a ratio, so ratios travel where seconds do not.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Action = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, against what, and how it compares.

    `values` holds one number per run, in `unit` ("times", "ms", "s" or "MB"); `must` and `aim` are
    bounds in the same unit, from below where `more_is_better`.
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
        return statistics.median(self.values)

    @property
    def holds(self) -> bool:
        """Whether the median satisfies `must`."""
        return self.must is None or self._satisfies(self.must)

    @property
    def verdict(self) -> str:
        if not self.holds:
            return "missed"
        return "aim" if self.aim is not None and self._satisfies(self.aim) else "must"

    def _satisfies(self, bound: float) -> bool:
        return self.middle >= bound if self.more_is_better else self.middle <= bound


def seconds(action: Action, times: int = 1) -> list[float]:
    """How long each of so many calls took."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        found.append(time.perf_counter() - started)
    return found


def ratios(ours: Action, peer: Action, runs: int, times: int = 1) -> tuple[float, ...]:
    """Time of `ours` over that of `peer`, one number per run.

    A run calls each `times` times in a row and compares the medians: a layer of a network finds its
    input where the layer before has left it, in the cache. Both are called once before, for what
    only the first call costs.
    """
    ours(), peer()
    return tuple(
        statistics.median(seconds(ours, times)) / statistics.median(seconds(peer, times))
        for _ in range(runs)
    )


def geometric_mean(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Over cases, for each run."""
    return tuple(statistics.geometric_mean(run) for run in zip(*rows, strict=True))
