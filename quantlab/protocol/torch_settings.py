"""Read and restore the settings of torch that a solution may change for its own experiments.

A module that turns gradients off, or computes in float64 by default, is not wrong. Its functions
are called under the settings from before its import.
"""

from dataclasses import dataclass, fields

import torch

from quantlab.protocol.repair import SETTINGS_BY_FIELD


@dataclass(frozen=True)
class TorchSettings:
    """Hold the settings that `restore` can restore."""

    gradients: bool
    dtype: torch.dtype
    device: torch.device | None  # None: one that this machine lacks
    threads: int
    deterministic: int  # 0 off, 1 warns, 2 raises
    precision: str


def current_settings() -> TorchSettings:
    """Return the settings of this process and thread."""
    return TorchSettings(
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        _default_device(),
        torch.get_num_threads(),
        torch.get_deterministic_debug_mode(),
        torch.get_float32_matmul_precision(),
    )


def _default_device() -> torch.device | None:
    try:
        return torch.get_default_device()
    except (RuntimeError, AssertionError):  # torch asks the GPU for its number
        return None


def restore(settings: TorchSettings) -> tuple[str, ...]:
    """Restore the settings and return the names of those that were different."""
    now = current_settings()
    changed = [f.name for f in fields(now) if getattr(now, f.name) != getattr(settings, f.name)]
    for name in changed:
        value = getattr(settings, name)
        if name == "gradients":
            torch.set_grad_enabled(value)
        elif name == "dtype":
            torch.set_default_dtype(value)
        elif name == "device":
            torch.set_default_device(None if value is None or value.type == "cpu" else value)
        elif name == "threads":
            torch.set_num_threads(value)
        elif name == "deterministic":
            torch.set_deterministic_debug_mode(value)
        else:
            torch.set_float32_matmul_precision(value)
    return tuple(SETTINGS_BY_FIELD[name] for name in changed)
