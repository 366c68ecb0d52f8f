"""Feeds made-up cases to a reader until one is read wrongly, and says how to see that one again.

`CASES=5_000_000` in the environment makes every campaign as long, `SEED=7` begins it elsewhere.
"""

import contextlib
import os
import random
import signal
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

Value = TypeVar("Value")
_SHOWN = 160  # bytes of a case that was read wrongly
_HANG = 60  # seconds for one case: no time limit of a healthy reader, only an end to a sick one


@dataclass(frozen=True)
class Tally:
    """How many cases were tried and read, why the others were not, and the most memory of one."""

    tried: int
    read: int
    reasons: frozenset[str]
    most_memory: int  # bytes

    def __str__(self) -> str:
        return (
            f"{self.tried:,} cases, {self.read:,} read, {len(self.reasons)} reasons to refuse, "
            f"{self.most_memory:,} bytes at most"
        )


class Allowance:
    """How much memory a case may need: `fixed` bytes and `per_byte` for each of its own."""

    def __init__(self, fixed: int, per_byte: int) -> None:
        self._fixed, self._per_byte = fixed, per_byte

    def check(self, case: bytes) -> int:
        """The most bytes in use since `tracemalloc` was started; AssertionError if too many."""
        allowed = self._fixed + self._per_byte * len(case)
        _, needed = tracemalloc.get_traced_memory()
        assert needed <= allowed, f"{needed:,} bytes are needed, more than {allowed:,}"
        return needed


def campaign(
    make: Callable[[random.Random], bytes],
    read: Callable[[bytes], Value],
    check: Callable[[bytes, Value], None],
    refusals: type[Exception],
    cases: int,
    memory: Allowance,
) -> Tally:
    """Tries `cases` of what `make` gives; `read` may return, or raise `refusals`, nothing else.

    What it returns has to pass `check`, which is given the case too. Any other exception, a hang,
    or more than `memory` in `read` fails with the seed and the case.
    """
    cases = int(os.environ.get("CASES", cases))
    seed = int(os.environ.get("SEED", "0"))
    accepted = most = 0
    reasons = set()
    with _alarmed():
        for number in range(seed, seed + cases):
            case = make(random.Random(number))
            signal.alarm(_HANG)
            try:
                reason, needed = _try_case(case, read, check, refusals, memory)
            except BaseException as error:
                shown = f"{type(error).__name__}: {error}"
                raise AssertionError(_describe(case, number, shown)) from error
            most = max(most, needed)
            if reason is None:
                accepted += 1
            else:
                reasons.add(reason)
    return Tally(cases, accepted, frozenset(reasons), most)


def _try_case(
    case: bytes,
    read: Callable[[bytes], Value],
    check: Callable[[bytes, Value], None],
    refusals: type[Exception],
    memory: Allowance,
) -> tuple[str | None, int]:
    """Why `case` is refused, None if it is read; and the memory in bytes that this needed."""
    tracemalloc.start()
    try:
        try:
            value = read(case)
        except refusals as refusal:
            return str(refusal), memory.check(case)
        needed = memory.check(case)
    finally:
        tracemalloc.stop()
    check(case, value)
    return None, needed


def _describe(case: bytes, number: int, what: str) -> str:
    cut = "" if len(case) <= _SHOWN else f"... ({len(case):,} bytes)"
    return (
        f"{what}\nsee it again with SEED={number} CASES=1; the case is {case[:_SHOWN].hex()}{cut}"
    )


@contextlib.contextmanager
def _alarmed() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"read for more than {_HANG} s")

    before = signal.signal(signal.SIGALRM, stop)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
