"""The precision of a training: float32, bfloat16 or float16, whichever is fastest.

bfloat16 halves the time of a step on processors with instructions for it. Without them it takes 2
to 8 times as long as float32, and a T4 does not use cuDNN for it. So one step of each is timed, and
the fastest is used. The environment variable QUANTLAB_PRECISION overrides the choice.

Weights, gradients and the loss are always float32; convolutions and products run in the chosen
format (`torch.autocast`). float16 needs its gradients scaled (`torch.amp.GradScaler`). Evaluations
are always float32: see `quantlab.arithmetic.float32`.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping

import torch

VARIABLE = "QUANTLAB_PRECISION"
FORMATS: Mapping[str, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
ROUNDS = 2  # timed steps of each format, after one that is not counted
HOPELESS = 3.0  # times the fastest first step: not timed further


def candidates(device: torch.device) -> tuple[str, ...]:
    """Return the formats worth timing on `device`, float32 first.

    On CUDA these are float16, and bfloat16 if it is native. On a CPU bfloat16 is always timed: its
    time shows whether it is native.
    """
    if device.type == "cpu":
        return ("float32", "bfloat16")
    if device.type != "cuda":
        return ("float32",)
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return ("float32", "bfloat16", "float16")
    return ("float32", "float16")


def requested(precision: str | None = None) -> str | None:
    """Return `precision`, else the value of QUANTLAB_PRECISION, else None.

    Raises:
        ValueError: The format is unknown.
    """
    name = precision or os.environ.get(VARIABLE) or None
    if name is not None and name not in FORMATS:
        raise ValueError(
            f"There is no precision {name!r}. Set {VARIABLE} or `precision` to one of "
            f"{', '.join(FORMATS)}, or leave it out to use the fastest."
        )
    return name


def time_steps(
    step: Callable[[str], object],
    names: Iterable[str],
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Return the seconds of one `step(name)` for each name, the least of several.

    The first step of each is a warm-up. A format that is far slower in it is not run again, and its
    first time is returned. A format other than float32 that this machine cannot run (a
    `RuntimeError`) is left out.
    """
    first: dict[str, float] = {}
    for name in names:
        try:
            first[name] = _time(step, name, clock)
        except RuntimeError:
            if name == "float32":
                raise
    limit = HOPELESS * min(first.values())
    timed = [name for name, taken in first.items() if taken <= limit]
    rounds = [{name: _time(step, name, clock) for name in timed} for _ in range(ROUNDS)]
    return first | {name: min(times[name] for times in rounds) for name in timed}


def _time(step: Callable[[str], object], name: str, clock: Callable[[], float]) -> float:
    started = clock()
    step(name)
    return clock() - started


def fastest(seconds: Mapping[str, float]) -> str:
    """Return the format with the least time; the first of equals, which is float32."""
    return min(seconds, key=seconds.__getitem__)


def sentence(seconds: Mapping[str, float], work: str = "Training", unit: str = "a step") -> str:
    """Return one line: "Training in float32: a step takes 0.21 s (bfloat16 0.83 s)"."""
    best = fastest(seconds)
    others = ", ".join(f"{name} {taken:.3g} s" for name, taken in seconds.items() if name != best)
    compared = f" ({others})" if others else ""
    return f"{work} in {best}: {unit} takes {seconds[best]:.3g} s{compared}"


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which convolutions and products run in `precision`."""
    if precision == "float32":
        return torch.autocast(device.type, torch.bfloat16, enabled=False)
    return torch.autocast(device.type, FORMATS[precision])
